"""What a request needs: a key that may read, or one that may write.

It is decided by method and path alone, before the body is read. GET reads and everything else writes, but for
the exceptions below; a new route that is none of them is therefore safe.
"""

import re
from urllib.parse import parse_qs

from app.core.access import Role

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# POST, because what is asked for does not fit an address: nothing is stored, started or paid for.
_READING = re.compile(r"/api/v1/(experiments/preview|datasets/columns|knowledge-bases/[^/]+/index)")
_CHECK_ALL = "/api/v1/models"
_CHECK_ONE = "/api/v1/models/check"
_FALSE = frozenset({"", "false", "0", "off", "no", "f", "n"})


def needed_role(method: str, path: str, query: str) -> Role:
    """Return the role that a request needs.

    Args:
        method: in capital letters.
        path: without the query.
        query: as in the address.
    """
    if method not in _SAFE_METHODS:
        return "read" if method == "POST" and _READING.fullmatch(path) else "write"
    # These call providers with the platform's keys.
    if path == _CHECK_ONE:
        return "write"
    if path == _CHECK_ALL:
        values = parse_qs(query, keep_blank_values=True).get("check", [])
        return "write" if any(value.lower() not in _FALSE for value in values) else "read"
    return "read"
