"""Tables, one file an aggregate."""

from app.models.base import Base
from app.models.dataset import Dataset, Example
from app.models.experiment import Experiment, Result, Run
from app.models.generation import Generation

__all__ = ["Base", "Dataset", "Example", "Experiment", "Generation", "Result", "Run"]
