"""Routes of gates."""

from fastapi import APIRouter

from app.api.deps import GateDep
from app.api.errors import body_error_responses, error_responses
from app.schemas.gate import GateOut, GateRequest

router = APIRouter(prefix="/gates", tags=["comparisons"], responses=error_responses(401, 403, 404, 422, 503))


@router.post("", operation_id="decide_gate", responses=body_error_responses(404))
async def decide_gate(body: GateRequest, gates: GateDep) -> GateOut:
    """Decide by a policy if candidates may take the place of baselines; nothing is stored."""
    return await gates.decide(body)
