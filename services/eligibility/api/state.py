"""What the routes find in the application's state."""

from __future__ import annotations

from typing import cast

from fastapi import Request

from chassis.db import Transaction
from rulebook.size_table import SizeTable
from services.eligibility.domain.catalog import Catalog
from services.eligibility.use_cases.assess_enterprises import Rules
from services.eligibility.use_cases.load_rules import load_rules


def rules_of(request: Request, tx: Transaction) -> Rules:
    """The rules in use at the moment of the request."""
    catalog = cast(Catalog, request.app.state.catalog)
    return load_rules(tx, catalog, cast(SizeTable, request.app.state.sizes))
