"""The judges of faithfulness of a comparison, with what was measured of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.core.config import PROJECT_ROOT, Settings
from app.core.errors import Unavailable
from app.domain.json import JsonObject
from app.domain.rounding import fixed, interval
from app.services.evaluation.judges.measured import (
    KEPT_NAME,
    MeasuredJudge,
    measured,
    name_of,
    read_measured,
)
from app.services.evaluation.judges.wording import verdict_of

SHIPPED = PROJECT_ROOT / "data" / "faithfulness" / "judges.json"
"""Judges that were measured for this project, on the labelled answers below ``docs/findings/data``."""


@dataclass(frozen=True, slots=True)
class UsedJudge:
    """A judge that experiments name, and its measurement.

    Attributes:
        judge: its kind.
        model: its name.
        measured: ``None`` if it was not measured.
    """

    judge: str
    model: str
    measured: MeasuredJudge | None

    @property
    def sentence(self) -> str:
        """How often it is right, and whether a claim may rest on it."""
        if self.measured is None:
            return (
                f"How often the judge {self.model} is right was not measured: no claim may rest on it "
                "(`llmforge faithfulness validate --save` measures it)."
            )
        found = self.measured.found
        accuracy, kappa = found.judge.accuracy, found.judge.kappa
        if accuracy is None:
            return f"The judge {self.model} gave no number for any labelled answer: no claim may rest on it."
        agreement = "" if kappa is None else f", Cohen's kappa {fixed(kappa.value, 2)}"
        return (
            f"Measured on {found.n:,} labelled answers ({self.measured.file}), the judge {self.model} is "
            f"right for {interval(accuracy)}{agreement}. {verdict_of(found)}"
        )


def used_judges(configs: Sequence[JsonObject], settings: Settings) -> list[UsedJudge]:
    """Return the judges that configurations name, each once.

    Raises:
        Unavailable: if a file of measured judges cannot be read.
    """
    named = [one["faithfulness"] for one in configs if one.get("faithfulness")]
    pairs = dict.fromkeys((str(one["judge"]), str(one["model"])) for one in named)
    if not pairs:
        return []
    try:
        known = read_measured([SHIPPED, settings.home / KEPT_NAME])
    except (OSError, ValueError) as error:
        raise Unavailable(str(error), hint="Delete the file, and measure its judges again.") from error
    return [UsedJudge(judge, name_of(model), measured(known, judge, model)) for judge, model in pairs]
