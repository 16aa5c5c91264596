"""What the routes find in the application's state, and a stored assessment with everything it is explained by."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import cast

from fastapi import Request

from chassis.auth import Actor
from chassis.db import Transaction
from rulebook.assessment import Assessment
from rulebook.size_table import SizeTable
from services.eligibility.api.access import require_visible
from services.eligibility.domain.catalog import Catalog, StoredPack
from services.eligibility.store.packs import Packs
from services.eligibility.store.repositories import Assessments, Enterprises
from services.eligibility.store.tables import AssessmentRow, EnterpriseRow
from services.eligibility.use_cases.assess_enterprises import Rules
from services.eligibility.use_cases.assess_on_request import explained_again
from services.eligibility.use_cases.load_rules import load_rules


@dataclass(frozen=True, slots=True)
class Told:
    """A stored assessment, whose it is, and its explanation from its own inputs and its own version of the rules."""

    row: AssessmentRow
    enterprise: EnterpriseRow
    pack: StoredPack
    found: Assessment


def catalog_of(request: Request) -> Catalog:
    return cast(Catalog, request.app.state.catalog)


def rules_of(request: Request, tx: Transaction) -> Rules:
    """The rules in use at the moment of the request."""
    return load_rules(tx, catalog_of(request), cast(SizeTable, request.app.state.sizes))


def told_again(actor: Actor, tx: Transaction, request: Request, assessment_id: uuid.UUID) -> Told:
    """The assessment, when the caller may see it. Raises AssessmentNotFound and what require_visible raises."""
    row = Assessments(tx).get(assessment_id)
    enterprise = Enterprises(tx).get(row.uscc)
    require_visible(actor, enterprise)
    version = Packs(tx).get(row.pack_hash)
    stored = StoredPack(version.hash, version.file, version.body)
    found = explained_again(catalog_of(request), rules_of(request, tx), stored, row)
    return Told(row, enterprise, stored, found)
