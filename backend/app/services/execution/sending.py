"""How the calls of an experiment are sent: how many at a time, and in which groups."""

from dataclasses import dataclass

from pydantic import ValidationError

from app.domain.json import JsonObject
from app.schemas.experiment_config import Execution

_CONSUMERS_A_CALL = 4
_GROUPS_PREPARED = 2  # the one in flight, and the next one, which is prepared meanwhile


@dataclass(frozen=True, slots=True)
class Sending:
    """What the mode of an execution comes to.

    Attributes:
        calls: in flight at most.
        group: requests of a group, which is sent when the one before it is answered; ``None``: no groups.
    """

    calls: int
    group: int | None = None

    @classmethod
    def of(cls, config: JsonObject) -> "Sending":
        """Return how the calls of a stored configuration are sent."""
        calls, execution = int(config["concurrency"]), execution_of(config)
        if execution.mode == "sequential":
            return cls(1)
        if execution.mode == "batched":
            return cls(calls, execution.batch_size)
        return cls(calls)

    def consumers(self, calls: int) -> int:
        """Return how many samples are worked on at a time, where so many calls may be in flight."""
        return calls * _CONSUMERS_A_CALL if self.group is None else self.group * _GROUPS_PREPARED


def execution_of(config: JsonObject) -> Execution:
    """Return the part of a stored configuration that says how calls are sent.

    One that cannot be read is that of another version, and refused before any call is made.
    """
    stored = config.get("execution")
    try:
        return Execution.model_validate(stored) if stored else Execution()
    except ValidationError:
        return Execution()


def is_for_one_executor(config: JsonObject) -> bool:
    """Return whether several executors would be of no use, or could not keep an order between them."""
    return execution_of(config).mode in {"sequential", "batched", "batch_job"}
