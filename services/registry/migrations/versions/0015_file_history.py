"""What the registry said of enterprises before, the days of former names, and who read which file.

States that ended before they were kept are told from the change feed: each announcement carried the public identity,
and named the fields that changed. What it did not carry and a later one changed is left out and named in `unknown`.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"

_FROM_THE_FEED = """
WITH told AS (
  SELECT id, subject, occurred_at, data, changed,
    lead(occurred_at) OVER w AS until, lead(data) OVER w AS next, lead(changed) OVER w AS next_changed
  FROM changes WHERE data ? 'enterprise'
    AND type IN ('registry.enterprise-registered.v1', 'registry.enterprise-updated.v1')
  WINDOW w AS (PARTITION BY subject ORDER BY id)),
uncarried AS (
  SELECT c.subject, f.field, max(c.id) AS last FROM changes c CROSS JOIN LATERAL unnest(c.changed) AS f (field)
  WHERE f.field IN ('registered_address', 'actual_address', 'registered_capital', 'registered_capital_currency')
  GROUP BY c.subject, f.field),
ended AS (
  SELECT t.*, array_append(ARRAY(
    SELECT u.field FROM uncarried u WHERE u.subject = t.subject AND u.last > t.id ORDER BY u.field
  ), 'size_reason') AS unknown
  FROM told t WHERE t.until IS NOT NULL)
INSERT INTO enterprise_states (uscc, state, unknown, until, until_version, changed)
SELECT d.subject,
  (jsonb_build_object(
    'name', d.data->'enterprise'->'name', 'registered_address', e.registered_address,
    'actual_address', e.actual_address, 'district_code', d.data->'enterprise'->'district_code',
    'industry_code', d.data->'enterprise'->'industry_code', 'established_on', d.data->'enterprise'->'established_on',
    'registered_capital', e.registered_capital::text, 'registered_capital_currency', e.registered_capital_currency,
    'status', nullif(d.data->'enterprise'->>'status', 'unknown'),
    'risk_flags', coalesce(d.data->'enterprise'->'risk_flags', '[]'),
    'listing_status', d.data->'enterprise'->'listing_status',
    'synthetic', coalesce(d.data->'enterprise'->'synthetic', 'false'),
    'size_class', d.data->'enterprise'->'size_class') - d.unknown),
  d.unknown, d.until, CAST(d.next->>'version' AS integer), d.next_changed
FROM ended d JOIN enterprises e ON e.uscc = d.subject
ORDER BY d.id
"""


def upgrade() -> None:
    op.create_table(
        "enterprise_states",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uscc", sa.Text(collation="C"), nullable=False),
        sa.Column("state", postgresql.JSONB(), nullable=False),
        sa.Column("unknown", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_version", sa.Integer(), nullable=False),
        sa.Column("changed", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enterprise_states")),
    )
    op.execute(_FROM_THE_FEED)
    op.create_index("ix_enterprise_states_uscc", "enterprise_states", ["uscc", "until", "id"], unique=False)
    # All nullable: the version before keeps former names too while this one is put in its place.
    op.add_column("former_names", sa.Column("valid_from", sa.Date(), nullable=True))
    op.add_column("former_names", sa.Column("valid_to", sa.Date(), nullable=True))
    op.add_column("former_names", sa.Column("stated_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("former_names", sa.Column("document", sa.Text(), nullable=True))
    op.add_column("former_names", sa.Column("recorded_by", sa.Text(), nullable=True))
    op.create_table(
        "file_reads",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uscc", sa.Text(collation="C"), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("department", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_reads")),
    )
    op.create_index("ix_file_reads_uscc", "file_reads", ["uscc", "id"], unique=False)
