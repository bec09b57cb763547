"""Wire types of saved views of the list of experiments."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, get_args
from urllib.parse import parse_qsl, urlencode

from pydantic import AfterValidator, Field

from app.domain.status import ExperimentStatus
from app.schemas.annotation import Archived, not_blank
from app.schemas.common import FromAttributes, Strict, Text

_MOST_FIELDS = 12
# The parts of the list's address; `page` is none of them, since it is a place in the list.
_CHOICES: Mapping[str, frozenset[str] | None] = {
    "text": None,
    "status": frozenset(ExperimentStatus),
    "method": None,
    "model": None,
    "dataset": None,
    "tag": None,
    "archived": frozenset(get_args(Archived)),
    "sort": None,
    "score": None,
    "columns": None,
}


def _query(value: str) -> str:
    try:
        pairs = parse_qsl(
            value.removeprefix("?"), strict_parsing=bool(value.strip("?")), max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        raise ValueError("must be like text=pilot&status=RUNNING") from None
    for name, given in pairs:
        if name not in _CHOICES:
            raise ValueError(f"has {name[:40]!r}; there are {', '.join(_CHOICES)}")
        allowed = _CHOICES[name]
        wrong = set(given.split(",")) - allowed if allowed is not None else set()
        if wrong:
            raise ValueError(f"has {name}={min(wrong)[:40]!r}; there are {', '.join(sorted(allowed or ()))}")
        if not given.isprintable():
            raise ValueError(f"has control characters in {name}")
    if len(dict(pairs)) < len(pairs):
        raise ValueError("names a field twice")
    return urlencode(sorted(pairs))


ViewName = Annotated[Text, Field(max_length=80), AfterValidator(not_blank)]
ViewQuery = Annotated[Text, Field(max_length=2_000), AfterValidator(_query)]


class SavedViewIn(Strict):
    """A name for filters, order and columns."""

    name: ViewName
    query: ViewQuery = Field(
        description="As in the address of the dashboard's list; empty: all experiments.",
        examples=["status=COMPLETED&tag=pilot"],
    )


class SavedViewChange(Strict):
    """What to change of a view; a field that is left out stays as it is."""

    name: ViewName | None = None
    query: ViewQuery | None = None


class SavedViewOut(FromAttributes):
    """A saved view."""

    id: uuid.UUID
    name: str
    query: str
    created_at: datetime
