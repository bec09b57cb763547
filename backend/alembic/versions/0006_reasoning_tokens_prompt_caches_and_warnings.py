"""reasoning tokens, the provider's prompt cache, and warnings of runs

Earlier runs keep ``null``: what of their tokens was thinking, or came from a prompt cache, was not stored.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

_RUNS = {
    'reasoning_tokens': sa.Integer(),
    'cache_read_tokens': sa.Integer(),
    'cache_write_tokens': sa.Integer(),
    'warnings': postgresql.JSONB(),
}


def upgrade() -> None:
    for name, kind in _RUNS.items():
        op.add_column('runs', sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    for name in reversed(_RUNS):
        op.drop_column('runs', name)
