"""The tables of the database, one file for each group of tables that change together."""

from app.models.base import Base
from app.models.batch_job import BatchJob, BatchLine
from app.models.budget import BudgetRow
from app.models.dataset import Dataset, Example
from app.models.delivery import Delivery
from app.models.execution import ExecutorRow, Shard
from app.models.experiment import Experiment, Result, Run
from app.models.generation import CacheVersion, Generation
from app.models.judgement import Judgement
from app.models.knowledge import Article, KnowledgeBase
from app.models.label import Label
from app.models.matrix import Matrix, MatrixTrial
from app.models.retry import RetriedRun, Retry
from app.models.saved_view import SavedView
from app.models.scorer_calls import ScorerCalls
from app.models.scoring import ScoredRunRow, ScoringRow
from app.models.sequential import SequentialComparison
from app.models.worker import Worker

__all__ = [
    "Article",
    "Base",
    "BatchJob",
    "BatchLine",
    "BudgetRow",
    "CacheVersion",
    "Dataset",
    "Delivery",
    "Example",
    "ExecutorRow",
    "Experiment",
    "Generation",
    "Judgement",
    "KnowledgeBase",
    "Label",
    "Matrix",
    "MatrixTrial",
    "Result",
    "RetriedRun",
    "Retry",
    "Run",
    "SavedView",
    "ScoredRunRow",
    "ScorerCalls",
    "ScoringRow",
    "SequentialComparison",
    "Shard",
    "Worker",
]
