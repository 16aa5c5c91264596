"""Packs have a life: their cases, who did what when, the application dates they serve; and simulations of drafts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"

_CODE = sa.Text(collation="C")
_INSTANT = sa.DateTime(timezone=True)
_JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    for name, kind in (
        ("cases", sa.Text()),
        ("remark", sa.Text()),
        ("stored_by", sa.Text()),
        ("test_report", _JSON),
        ("tested_at", _INSTANT),
        ("tested_by", sa.Text()),
        ("activates_on", sa.Date()),
        ("simulation_id", sa.Uuid()),
        ("scheduled_at", _INSTANT),
        ("scheduled_by", sa.Text()),
        ("retired_at", _INSTANT),
        ("retired_by", sa.Text()),
    ):
        op.add_column("policy_packs", sa.Column(name, kind, nullable=True))
    op.create_table(
        "pack_periods",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hash", _CODE, nullable=False),
        sa.Column("first_on", sa.Date(), nullable=True),
        sa.Column("last_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_periods")),
    )
    op.create_index("ix_pack_periods_hash", "pack_periods", ["hash"])
    op.create_index(
        "uq_pack_periods_open", "pack_periods", ["hash"], unique=True, postgresql_where=sa.text("last_on IS NULL")
    )
    # What is in use has been in use since ever: until now there was no way to put one in the place of another.
    op.execute(
        "INSERT INTO pack_periods (id, hash) SELECT gen_random_uuid(), hash FROM policy_packs WHERE state = 'active'"
    )
    op.create_table(
        "dismissed_packs",
        sa.Column("hash", _CODE, nullable=False),
        sa.Column("pack_id", _CODE, nullable=False),
        sa.Column("dismissed_at", _INSTANT, nullable=False),
        sa.Column("dismissed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_dismissed_packs")),
    )
    op.create_table(
        "simulations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("title", _CODE, nullable=False),
        sa.Column("pack_id", _CODE, nullable=False),
        sa.Column("pack_hash", _CODE, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("changes", _JSON, nullable=False),
        sa.Column("district", _CODE, nullable=True),
        sa.Column("size_class", _CODE, nullable=True),
        sa.Column("industry", _CODE, nullable=True),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("against", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("state", _CODE, nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("counts", _JSON, nullable=True),
        sa.Column("result", _CODE, nullable=True),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", _INSTANT, nullable=False),
        sa.Column("finished_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_simulations")),
    )
    op.create_index("ix_simulations_pack_hash", "simulations", ["pack_hash"])
    op.create_table(
        "simulation_flips",
        sa.Column("simulation_id", sa.Uuid(), nullable=False),
        sa.Column("uscc", _CODE, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("district_code", _CODE, nullable=True),
        sa.Column("size_class", _CODE, nullable=True),
        sa.Column("industry_code", _CODE, nullable=True),
        sa.Column("kind", _CODE, nullable=False),
        sa.Column("before", _CODE, nullable=False),
        sa.Column("after", _CODE, nullable=False),
        sa.Column("direction", _CODE, nullable=False),
        sa.Column("causes", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("simulation_id", "uscc", name=op.f("pk_simulation_flips")),
    )
    op.create_index("ix_simulation_flips_direction", "simulation_flips", ["simulation_id", "direction", "uscc"])
