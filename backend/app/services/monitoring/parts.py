"""What the reports on the parts of the platform share."""

from app.schemas.catalog import PartHealth, PartState


def part(state: PartState, message: str, **details: object) -> PartHealth:
    """Return the health of one part."""
    return PartHealth(state=state, message=message, details=details)
