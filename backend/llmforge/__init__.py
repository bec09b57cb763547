"""LlmForge from Python: ``from llmforge import Lab``.

It must not know more of the platform than its API and the schemas of that: an experiment that is made here is
the same one in the dashboard and on the command line.
"""

from app.schemas.comparison import ComparisonConfig
from app.schemas.experiment_config import ExperimentConfig
from llmforge.comparison import Comparison
from llmforge.errors import LabError
from llmforge.experiment import Experiment
from llmforge.lab import Lab
from llmforge.result import Result

__all__ = ["Comparison", "ComparisonConfig", "Experiment", "ExperimentConfig", "Lab", "LabError", "Result"]
