"""Opaque cursors of paged lists: where a page ended, and which list it belongs to."""

import base64
import binascii
from dataclasses import dataclass

import orjson

from app.core.errors import FieldError, InvalidInput


@dataclass(frozen=True, slots=True)
class ListCursor:
    """Writes and reads the cursors of one list.

    Attributes:
        of: identifies the list with its filter and order; a cursor of another list is refused.
        same: what the next request has to repeat, in words, for the hint of the error.
    """

    of: str
    same: str

    def write(self, *position: float | None) -> str:
        """Return the cursor of a page that ended at this position."""
        return base64.urlsafe_b64encode(orjson.dumps([self.of, *position])).decode()

    def read(self, cursor: str) -> list[object]:
        """Return the position that ``write`` was given; its values come from outside and are unchecked.

        Raises:
            InvalidInput: if the cursor is unreadable or belongs to another list.
        """
        try:
            value: object = orjson.loads(base64.urlsafe_b64decode(cursor))
        except (ValueError, binascii.Error):
            raise self.refusal() from None
        if not isinstance(value, list) or value[:1] != [self.of]:
            raise self.refusal()
        return value[1:]

    def refusal(self) -> InvalidInput:
        """Return the error for a cursor that this list has not written."""
        return InvalidInput(
            "This cursor does not belong to this list.",
            hint=f"Pass the `next` of the page before, with the same {self.same}.",
            errors=[FieldError("cursor", "unknown")],
        )
