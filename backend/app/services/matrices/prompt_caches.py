"""One matrix file for models of this machine and of providers, whose prompt caches are not ours to choose."""

from app.schemas.experiment_config import ExperimentConfig
from app.services.inference.catalog import CatalogError
from app.services.runtime import Runtime


def as_possible(runtime: Runtime, config: ExperimentConfig) -> ExperimentConfig:
    """Return ``config`` without the choice of a prompt cache if the model's provider decides on that."""
    if not config.execution.prefix_cache:
        return config
    try:
        if runtime.models().connector(config.model).runs_here:
            return config
    except CatalogError:  # validation says it, with the field
        return config
    execution = config.execution.model_copy(update={"prefix_cache": False})
    return config.model_copy(update={"execution": execution})
