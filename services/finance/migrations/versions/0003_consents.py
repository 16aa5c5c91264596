"""Consents of enterprises."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

CODE = sa.Text(collation="C")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "consents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("uscc", CODE, nullable=False),
        sa.Column("institution", CODE, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("state", CODE, nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("document_reference", sa.Text(), nullable=True),
        sa.Column("on_behalf", sa.Boolean(), nullable=False),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("given_at", INSTANT, nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index(
        "uq_consents_given",
        "consents",
        ["uscc", "institution", "purpose"],
        unique=True,
        postgresql_where=sa.text("state = 'given'"),
    )
    op.create_index("ix_consents_running_out", "consents", ["expires_on"], postgresql_where=sa.text("state = 'given'"))
    op.create_index("ix_consents_uscc", "consents", ["uscc", "id"])
    op.create_index("ix_consents_institution", "consents", ["institution", "id"])
