"""runs are filtered within indexes"""

from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

_FILTERED = ['status', 'exact_match', 'cached']
_SORTED = {'id': ['id'], 'latency_ms': ['latency_ms', 'id'], 'f1': ['f1', 'id']}


def upgrade() -> None:
    for name, columns in _SORTED.items():
        op.create_index(f'ix_runs_by_{name}', 'runs', ['experiment_id', *columns, *_FILTERED], unique=False)
        op.drop_index('_'.join(['ix_runs_experiment_id', *columns]), table_name='runs')


def downgrade() -> None:
    for name, columns in _SORTED.items():
        op.create_index('_'.join(['ix_runs_experiment_id', *columns]), 'runs', ['experiment_id', *columns], unique=False)
        op.drop_index(f'ix_runs_by_{name}', table_name='runs')
