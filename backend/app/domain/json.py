"""Names for JSON that is stored or passed on as it is, without reading more than a field or two of it."""

from typing import Any, TypeAlias

JsonObject: TypeAlias = dict[str, Any]
"""A JSON object. Code that reads its fields turns it into a dataclass or a schema first."""
