"""Tests of JSON that an older version stored: it is read, with what it lacks as null."""

from app.domain.json import JsonObject
from app.domain.progress import ProgressSnapshot
from app.schemas.experiment import ProgressOut

FIRST_PROGRESS: JsonObject = {
    "total": 20,
    "done": 4,
    "failed": 1,
    "cached": 0,
    "accuracy": 0.5,
    "failures": {"timeout": 1},
    "rate_per_s": 2.0,
    "eta_s": 8.0,
    "active_s": 2.0,
    "in_flight": 4,
    "limit": None,
    "waiting_s": 0.0,
    "mode": "worker",
}


def sent(stored: JsonObject) -> JsonObject:
    return ProgressOut.model_validate(ProgressSnapshot.from_dict(stored)).model_dump()


def test_progress_from_before_there_were_notes() -> None:
    assert sent(FIRST_PROGRESS) == {**FIRST_PROGRESS, "note": None, "waiting_for": None, "executors": 1}


def test_progress_as_it_is_stored_now() -> None:
    stored = {**FIRST_PROGRESS, "note": "opening the knowledge base", "waiting_for": None, "executors": 2}
    assert sent(stored) == stored
