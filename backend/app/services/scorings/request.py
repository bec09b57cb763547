"""What a scoring is asked for, as the configuration that its scorers are opened with."""

from app.core.errors import Conflict, FieldError, InvalidInput
from app.models import Experiment
from app.schemas.experiment_config import ExperimentConfig
from app.schemas.scoring import ScoringRequest
from app.schemas.stored_config import UnreadableConfig, scored_config
from app.services.evaluation.scorers.registry import SCORERS


def scoring_config(experiment: Experiment, request: ScoringRequest) -> ExperimentConfig:
    """Return an experiment's configuration with the scorers and the judge of a scoring.

    Raises:
        Conflict: if this version cannot read the configuration.
        InvalidInput: if the parser or the judge does not fit the method.
    """
    try:
        config = scored_config(experiment.config)
    except UnreadableConfig as error:
        raise Conflict(error.message, hint=error.hint) from error
    if request.parser is not None and not reads_outputs(experiment):
        raise InvalidInput(
            "An agent gives its answer as an action, which no parser reads.",
            errors=[FieldError("parser", f"not for the method {experiment.method}")],
        )
    if request.faithfulness is not None and config.method.knowledge is None:
        raise InvalidInput(
            f"The method {experiment.method} retrieves nothing that answers could follow from.",
            errors=[FieldError("faithfulness", "needs a method that retrieves")],
        )
    always = {name for name in request.scorers if (one := SCORERS.get(name)) and one.applies is not None}
    scorers = {name: options for name, options in request.scorers.items() if name not in always}
    return config.model_copy(update={"scorers": scorers, "faithfulness": request.faithfulness})


def reads_outputs(experiment: Experiment) -> bool:
    """Return whether the method's answers are read from outputs; an agent gives its own as an action."""
    return experiment.method != "react"
