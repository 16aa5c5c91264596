"""Inputs of assessments are stored once for all titles; how far a score is short; why a batch run began."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "assessment_inputs",
        sa.Column("uscc", sa.Text(collation="C"), nullable=False),
        sa.Column("hash", sa.Text(collation="C"), nullable=False),
        sa.Column("inputs", postgresql.JSONB(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("uscc", "hash", name="pk_assessment_inputs"),
    )
    op.add_column("assessments", sa.Column("inputs_hash", sa.Text(collation="C"), nullable=True))
    op.execute(
        """INSERT INTO assessment_inputs (uscc, hash, inputs, kept_at)
           SELECT uscc, md5(inputs::text), (array_agg(inputs))[1], min(assessed_at) FROM assessments GROUP BY 1, 2"""
    )
    op.execute("UPDATE assessments SET inputs_hash = md5(inputs::text)")
    op.alter_column("assessments", "inputs_hash", nullable=False)
    op.drop_column("assessments", "inputs")
    op.add_column("assessments", sa.Column("open_distance", sa.Numeric(), nullable=True))
    op.drop_index("ix_assessments_near", "assessments")
    op.create_index(
        "ix_assessments_near",
        "assessments",
        ["title", "open_lines", "open_distance", "uscc"],
        postgresql_where=sa.text("current"),
    )
    op.add_column("batch_runs", sa.Column("reason", sa.Text(), nullable=True))
    op.create_foreign_key(
        "fk_assessments_uscc_assessment_inputs",
        "assessments",
        "assessment_inputs",
        ["uscc", "inputs_hash"],
        ["uscc", "hash"],
    )
