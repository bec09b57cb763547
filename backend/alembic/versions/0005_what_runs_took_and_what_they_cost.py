"""what runs took and what they cost

Earlier runs keep ``null`` in the new columns: their latency is the time of the model alone, and what a
partly cached one paid is not known apart from what it took. Cached responses that were cut before they
began are no answers, and are taken out of the cache, so that they are asked for again.
"""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

_RUNS = {
    'model_ms': sa.Double(),
    'paid_prompt_tokens': sa.Integer(),
    'paid_completion_tokens': sa.Integer(),
    'paid_usd': sa.Double(),
}


def upgrade() -> None:
    for name, kind in _RUNS.items():
        op.add_column('runs', sa.Column(name, kind, nullable=True))
    op.add_column('experiments', sa.Column('resumes_parent', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute(
        "delete from generations where lower(result->>'finish_reason') in ('length', 'max_tokens', 'model_length') "
        "and btrim(result->>'text') = '' and jsonb_array_length(coalesce(result->'tool_calls', '[]')) = 0"
    )


def downgrade() -> None:
    op.drop_column('experiments', 'resumes_parent')
    for name in reversed(_RUNS):
        op.drop_column('runs', name)
