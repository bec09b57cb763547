"""What the traces of an experiment's runs say of it."""

from app.core.config import Settings
from app.models import Experiment
from app.schemas.experiment_config import ExperimentConfig
from app.services.execution.expenses import cost_usd
from app.services.execution.replay import result_of
from app.services.inference.catalog import Price
from app.services.tracing.spans import TracedExperiment


def traced(
    experiment: Experiment, config: ExperimentConfig, price: Price | None, settings: Settings
) -> TracedExperiment:
    """Return what spans are to say of an experiment.

    Args:
        experiment: as it is stored.
        config: its configuration.
        price: of its model's tokens; ``None`` if unknown.
        settings: whether spans have texts, and how long.
    """
    return TracedExperiment(
        id=str(experiment.id),
        name=experiment.name,
        dataset=config.dataset.name,
        model=config.model,
        method=config.method.name,
        seed=config.seed,
        tags=tuple(experiment.tags),
        call_cost=lambda call: cost_usd([result_of(call)], price),
        content=settings.capture_content,
        longest=settings.trace_text_limit,
    )
