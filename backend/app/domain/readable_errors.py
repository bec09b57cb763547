"""Errors of libraries as a sentence for a person, without what the library was given.

The text of such an error may hold the whole input: SQLAlchemy's the statement with its parameters (prompts
and answers), pydantic's the value, an HTTP client's an address with a key. Errors are recognised by what
they carry, so that nothing of these libraries is needed here.
"""

import re
from collections.abc import Iterator

_LONGEST = 300  # characters of a text that may be anything
_SHOWN_FIELDS = 3
# Classes of SQLSTATE whose messages name tables, columns and states of the server, but no values.
_WITHOUT_VALUES = frozenset({"08", "0A", "25", "28", "3D", "40", "42", "53", "54", "55", "57", "58"})
_ADDRESS = re.compile(r"""(\w+://)(?:[^\s/'"@]*@)?([^\s'"?#]*)[^\s'",;)]*""")


def sentence_of(error: BaseException) -> str:
    """Return what went wrong, in one line of a few hundred characters at most.

    Args:
        error: of any library, or of our own: with a ``message``, and perhaps a ``hint``.
    """
    if (said := _of_database(error)) is not None:
        return said
    if (problems := _of_validation(error)) is not None:
        return problems
    message, hint = getattr(error, "message", None), getattr(error, "hint", None)
    if isinstance(message, str) and message:
        return _line(f"{message} {hint}" if isinstance(hint, str) and hint else message)
    if isinstance(error, OSError) and error.strerror:
        return _line(f"{error.strerror}: {error.filename}" if error.filename else error.strerror)
    name, text = type(error).__name__, str(error)
    return _line(f"{name}: {text}" if text.strip() else name)


def _of_database(error: BaseException) -> str | None:
    """Return what the database or its client says; ``None`` if the error is none of these."""
    chain = list(_causes(error))
    for cause in chain:
        state = getattr(cause, "sqlstate", None)
        if isinstance(state, str) and _is_of(cause, "asyncpg"):
            name = type(cause).__name__
            if state[:2] in _WITHOUT_VALUES:
                return _line(f"The database refused: {str(cause).splitlines()[0]} ({name}).")
            constraint = getattr(cause, "constraint_name", None)
            where = f", constraint {constraint}" if constraint else ""
            return _line(f"The database refused a value ({name}{where}).")
    if _is_of(error, "sqlalchemy", "asyncpg"):
        known = next((cause for cause in chain if not _is_of(cause, "sqlalchemy", "asyncpg")), None)
        if isinstance(known, OSError):
            return _line(f"The database cannot be reached: {known.strerror or type(known).__name__}.")
        return _line(f"The database could not be asked ({type(chain[-1]).__name__}).")
    return None


def _of_validation(error: BaseException) -> str | None:
    """Return which fields are wrong, without their values; ``None`` if it is no error of pydantic."""
    if not _is_of(error, "pydantic", "pydantic_core") or not hasattr(error, "errors"):
        return None
    found = error.errors(include_url=False, include_input=False, include_context=False)
    said = [f"{'.'.join(map(str, one['loc'])) or 'it'}: {one['msg']}" for one in found[:_SHOWN_FIELDS]]
    more = len(found) - _SHOWN_FIELDS
    return _line("; ".join(said) + (f"; and {more} more" if more > 0 else ""))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error, and what it was made from."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        origin = getattr(cause, "orig", None)
        cause = origin if isinstance(origin, BaseException) else cause.__cause__


def _is_of(error: BaseException, *packages: str) -> bool:
    return type(error).__module__.partition(".")[0] in packages


def _line(text: str) -> str:
    """Return one line, with addresses that hold neither passwords nor parameters."""
    line = _ADDRESS.sub(r"\1\2", " ".join(text.split()))
    return line if len(line) <= _LONGEST else line[:_LONGEST] + " …"
