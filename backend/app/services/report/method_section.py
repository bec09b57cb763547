"""How the experiments of a report were run: what they share, in what they differ, and the file of both."""

from collections.abc import Mapping, Sequence

import orjson
import yaml

from app.core.markdown import plain, table
from app.domain.json import JsonObject
from app.schemas.budget import LimitsOut
from app.schemas.comparison import Compared, Settling

_OF_ONE = ("name", "description")
_PAIRED = ("dataset", "seed", "repeats")
"""What a comparison file has in its base alone."""
_ORDER = ("dataset", "model", "method", "params", "seed", "repeats")
"""What is read first."""
_LONGEST = 300
"""Characters of a setting that a table shows."""


def method_markdown(configs: Sequence[JsonObject], experiments: Sequence[Compared]) -> str:
    """Return what the experiments share as a list, and in what they differ as a table."""
    shared, own = divided(configs)
    known = sorted(shared, key=lambda key: _ORDER.index(key) if key in _ORDER else len(_ORDER))
    lines = [
        f"- {_words(key)}: {_setting(shared[key])}" for key in known if shared[key] not in (None, {}, [])
    ]
    if any(own):
        keys = list(dict.fromkeys(key for one in own for key in one))
        rows = [
            [plain(experiment.label), *(_setting(one.get(key)) for key in keys)]
            for experiment, one in zip(experiments, own, strict=True)
        ]
        lines += ["", "In this they differ:", "", *table(["experiment", *map(_words, keys)], rows)]
    return "\n".join(lines)


def divided(configs: Sequence[JsonObject]) -> tuple[JsonObject, list[JsonObject]]:
    """Return the fields that all configurations share, and of each those that they do not."""
    first = configs[0]
    shared = {
        key: value
        for key, value in first.items()
        if key not in _OF_ONE and all(key in one and one[key] == value for one in configs)
    }
    own = [
        {key: value for key, value in one.items() if key not in shared and key not in _OF_ONE}
        for one in configs
    ]
    return shared, own


def comparison_file(
    name: str,
    configs: Sequence[JsonObject],
    experiments: Sequence[Compared],
    settling: Settling | None = None,
    budget: LimitsOut | None = None,
) -> bytes | None:
    """Return the comparison as a file that can be run; ``None`` if its questions are not the same.

    With ``settling`` it ends as soon as it is settled, as these experiments did; ``budget`` is that of all of
    them together.
    """
    shared, own = divided(configs)
    if any(key in one for one in own for key in _PAIRED):
        return None
    labels = [one.label for one in experiments]
    names = [
        label if labels.count(label) == 1 else f"{label} {number}" for number, label in enumerate(labels, 1)
    ]
    content: JsonObject = {"name": name[:90], "base": shared}
    if configs[0].get("description"):
        content["description"] = configs[0]["description"]
    if settling is not None:
        content |= {"stop": "settled", "score": settling.score, "margin": settling.margin}
    if budget is not None:
        content["budget"] = budget.model_dump(exclude_none=True)
    content["variants"] = [{"name": label[:100], **one} for label, one in zip(names, own, strict=True)]
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True).encode()


def _words(key: str) -> str:
    return plain(key.replace("_", " "))


def _setting(value: object) -> str:
    if isinstance(value, Mapping):
        parts = (f"{key} {_text(one)}" for key, one in value.items() if one not in (None, [], {}))
        return plain(_shortened(", ".join(parts)))
    return plain(_shortened(_text(value)))


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return "–" if value is None else orjson.dumps(value).decode()


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
