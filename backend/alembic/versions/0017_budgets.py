"""budgets, which experiments share"""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('budgets',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), server_default='', nullable=False),
    sa.Column('max_usd', sa.Double(), nullable=True),
    sa.Column('max_calls', sa.BigInteger(), nullable=True),
    sa.Column('max_tokens', sa.BigInteger(), nullable=True),
    sa.Column('usd', sa.Double(), server_default='0', nullable=False),
    sa.Column('calls', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('tokens', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.CheckConstraint("kind in ('experiment','comparison','day')", name=op.f('ck_budgets_kind')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_budgets'))
    )
    op.add_column('experiments', sa.Column('budget_id', sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f('fk_experiments_budget_id_budgets'), 'experiments', 'budgets', ['budget_id'], ['id'])


def downgrade() -> None:
    op.drop_constraint(op.f('fk_experiments_budget_id_budgets'), 'experiments', type_='foreignkey')
    op.drop_column('experiments', 'budget_id')
    op.drop_table('budgets')
