"""use of the cache by each run; a version of the cache that every deletion of answers changes

Earlier runs keep ``null``: from which tier of the cache their answers came was not stored.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('runs', sa.Column('answered_calls', sa.Integer(), nullable=True))
    op.add_column('runs', sa.Column('cache_use', postgresql.JSONB(), nullable=True))
    op.create_table('cache_version',
    sa.Column('id', sa.SmallInteger(), autoincrement=False, nullable=False),
    sa.Column('version', sa.Uuid(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cache_version'))
    )
    op.execute("insert into cache_version (id, version) values (1, gen_random_uuid())")
    op.execute("""
        create or replace function llmforge_answers_deleted() returns trigger language plpgsql as $$
        begin
          execute format(
            'insert into %I.cache_version (id, version) values (1, gen_random_uuid()) '
            'on conflict (id) do update set version = excluded.version', tg_table_schema);
          return null;
        end $$
    """)
    for what in ('delete', 'truncate'):
        op.execute(
            f"create trigger answers_{what}d after {what} on generations "
            "for each statement execute function llmforge_answers_deleted()"
        )


def downgrade() -> None:
    for what in ('delete', 'truncate'):
        op.execute(f"drop trigger answers_{what}d on generations")
    op.execute("drop function llmforge_answers_deleted()")
    op.drop_table('cache_version')
    op.drop_column('runs', 'cache_use')
    op.drop_column('runs', 'answered_calls')
