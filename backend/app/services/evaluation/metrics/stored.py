"""Stored metrics, read back and described for the API."""

from pydantic import TypeAdapter

from app.domain.json import JsonObject
from app.domain.metrics import Metrics
from app.schemas.result import Metrics as MetricsOut
from app.services.evaluation.metrics.figures import figures_of
from app.services.evaluation.metrics.registry import METRICS
from app.services.evaluation.metrics.warnings import warnings_of

_adapter = TypeAdapter(Metrics)
_ADDED_LATER = {"attribution": None, "agent": None}
"""Keys that results from before there was retrieval, or agents, lack."""


def read_metrics(stored: JsonObject) -> Metrics:
    """Return metrics that ``Metrics.as_dict`` wrote, by any earlier version.

    Raises:
        pydantic.ValidationError: if they are no metrics.
    """
    names = (metric.description.name for metric in METRICS)
    single = {name: stored[name] for name in names if name in stored}
    return _adapter.validate_python({**_ADDED_LATER, **stored, "single": single})


def metrics_out(stored: JsonObject) -> MetricsOut:
    """Return stored metrics as the API sends them, with their figures."""
    metrics = read_metrics(stored)
    return MetricsOut.of(metrics, figures_of(metrics), warnings_of(metrics))
