"""What a webhook is told: names, states and figures. Nothing that a model wrote is in it."""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from app.domain.json import JsonObject
from app.domain.rounding import percent
from app.models import Experiment
from app.services.notifications.repository import Due, EndedMatrix

_PRIMARY = "exact_match"
_SECRET_PREFIX = "whsec_"  # noqa: S105 - of the convention, not a secret


def body_of(due: Due, experiments: Sequence[Experiment], score: str | None) -> JsonObject:
    """Return the body of a delivery that tells of the end of an experiment or a comparison.

    Args:
        due: the delivery.
        experiments: what it is about.
        score: that a comparison is settled by; ``None`` of a single experiment.
    """
    told = [_experiment(one) for one in experiments]
    lines = [_line(one, score or _PRIMARY) for one in experiments]
    body: JsonObject = {**_head(due), "text": "\n".join(lines)}
    if due.kind == "experiment":
        return {**body, "experiment": told[0] if told else None}
    return {**body, "comparison": {"id": str(due.subject_id), "score": score, "experiments": told}}


def matrix_body(due: Due, matrix: EndedMatrix | None) -> JsonObject:
    """Return the body of a delivery that tells of the end of a matrix.

    Args:
        due: the delivery.
        matrix: as it is now; ``None`` if it is deleted by now.
    """
    if matrix is None:
        return {**_head(due), "text": "", "matrix": None}
    told = {
        "id": str(due.subject_id),
        "name": matrix.name,
        "trials": matrix.trials,
        "completed": matrix.completed,
    }
    text = f"{matrix.name}: ended, {matrix.completed:,} of {matrix.trials:,} trials completed"
    return {**_head(due), "text": text, "matrix": told}


def _head(due: Due) -> JsonObject:
    return {
        "id": str(due.id),
        "event": f"{due.kind}.ended",
        "ended_at": due.ended_at.isoformat(),
    }


def _experiment(one: Experiment) -> JsonObject:
    scores = {
        name: {key: score[key] for key in ("value", "low", "high", "n")} for name, score in one.scores.items()
    }
    return {
        "id": str(one.id),
        "name": one.name,
        "status": str(one.status),
        "model": one.model,
        "method": one.method,
        "dataset": one.dataset_name,
        "tags": one.tags,
        "total": one.total,
        "failed_runs": one.failed_runs,
        "scores": scores,
        "cost_usd": one.cost_usd,
        "started_at": None if one.started_at is None else one.started_at.isoformat(),
        "finished_at": None if one.finished_at is None else one.finished_at.isoformat(),
    }


def _line(one: Experiment, score: str) -> str:
    text = f"{one.name}: {str(one.status).lower()}"
    found = one.scores.get(score)
    return text if found is None else f"{text}, {score.replace('_', ' ')} {percent(found['value'])}"


def signed_headers(delivery_id: str, timestamp: int, content: bytes, secret: str) -> dict[str, str]:
    """Return the headers of a delivery, signed if there is a secret.

    They are those of the Standard Webhooks specification (https://www.standardwebhooks.com): HMAC-SHA256 over
    ``id.timestamp.body``.

    Args:
        delivery_id: the same in each attempt, so that a receiver can drop what it has.
        timestamp: of this attempt, in seconds since 1970.
        content: the body.
        secret: of the settings; empty: not signed. After ``whsec_`` it is Base64.
    """
    headers = {
        "content-type": "application/json",
        "user-agent": "llmforge",
        "webhook-id": delivery_id,
        "webhook-timestamp": str(timestamp),
    }
    if secret:
        signed = f"{delivery_id}.{timestamp}.".encode() + content
        digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
        headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return headers


def _key(secret: str) -> bytes:
    coded = secret.removeprefix(_SECRET_PREFIX)
    return secret.encode() if coded == secret else base64.b64decode(coded)
