"""Tests of cursors: what is written is read, and nothing else is."""

import base64

import orjson
import pytest

from app.core.errors import InvalidInput
from app.services.results.cursor import ListCursor

CURSORS = ListCursor("runs of one experiment", "filter and sort")


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(value)).decode()


@pytest.mark.parametrize("position", [(), (12,), (0.25, 7), (None, 7)])
def test_a_position_is_read_as_it_was_written(position: tuple[float | None, ...]) -> None:
    assert CURSORS.read(CURSORS.write(*position)) == list(position)


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "ü",
        encoded("text"),
        encoded([]),
        encoded({"of": CURSORS.of}),
        ListCursor("other", "").write(1),
    ],
)
def test_anything_else_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        CURSORS.read(cursor)
    assert [error.field for error in caught.value.errors] == ["cursor"]
    assert caught.value.hint == "Pass the `next` of the page before, with the same filter and sort."
