"""what scorers' calls of models have taken"""

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('scorer_calls',
    sa.Column('experiment_id', sa.Uuid(), nullable=False),
    sa.Column('model', sa.Text(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('calls', sa.BigInteger(), nullable=False),
    sa.Column('prompt_tokens', sa.BigInteger(), nullable=False),
    sa.Column('completion_tokens', sa.BigInteger(), nullable=False),
    sa.Column('reasoning_tokens', sa.BigInteger(), nullable=False),
    sa.Column('cache_read_tokens', sa.BigInteger(), nullable=False),
    sa.Column('usd', sa.Double(), nullable=True),
    sa.Column('calls_without_price', sa.BigInteger(), nullable=False),
    sa.Column('calls_without_tokens', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['experiment_id'], ['experiments.id'], name=op.f('fk_scorer_calls_experiment_id_experiments'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('experiment_id', 'model', 'day', name=op.f('pk_scorer_calls'))
    )
    op.create_index(op.f('ix_scorer_calls_day'), 'scorer_calls', ['day'])


def downgrade() -> None:
    op.drop_table('scorer_calls')
