"""Makes a change that an official may decide alone, as a request that is approved with its filing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chassis.db import Transaction
from chassis.errors import FieldProblem
from services.registry.domain.admission import Admission, Party
from services.registry.domain.change_requests import Asked
from services.registry.domain.change_rules import ChangeRules, settled_at_once
from services.registry.domain.enterprises import differences
from services.registry.domain.file_errors import ChangeRequestRequired
from services.registry.domain.past import LABELS
from services.registry.store.repositories import Enterprises, identity_of
from services.registry.store.tables import EnterpriseRow
from services.registry.use_cases.apply_change import Tools
from services.registry.use_cases.request_change import request_change

REASON = "工作人员直接更正"


def amend_directly(
    tx: Transaction,
    uscc: str,
    fields: Mapping[str, Any],
    *,
    rules: ChangeRules,
    tools: Tools,
    party: Party,
    may: Admission,
) -> EnterpriseRow:
    """Put `fields` in the place of what is stored. Emits EnterpriseUpdated; nothing when nothing changes.

    Raises ChangeRequestRequired for fields that somebody else has to decide or that need a document.
    """
    row = Enterprises(tx).get_for_update(uscc)
    may.to_enterprise(uscc, row.district_code, row.version)
    old = identity_of(row)
    changed = differences(old, replace(old, **fields))
    if not changed:
        return row
    barred = [name for name in changed if not settled_at_once([rules.fields[name]])]
    if barred:
        problems = [
            FieldProblem(
                name,
                f"“{LABELS[name]}”不能直接修改，请提出变更申请（{rules.fields[name].why}）",
                "change-request-required",
                expected="变更申请：POST /enterprises/{uscc}/change-requests",
            )
            for name in barred
        ]
        told = "、".join(LABELS[name] for name in barred)
        raise ChangeRequestRequired(f"“{told}”须通过变更申请修改，本次没有改动任何内容", problems=problems)
    request_change(tx, uscc, Asked(fields=fields, reason=REASON), rules=rules, tools=tools, party=party, may=may)
    return row
