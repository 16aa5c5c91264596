"""A person decides whom a row of an official list means that its name alone did not tell."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from chassis import clock
from chassis.db import Transaction
from chassis.errors import FieldProblem
from services.registry.domain.admission import Admission
from services.registry.domain.enterprises import Identity
from services.registry.domain.errors import UnresolvedTitleDecided, UnresolvedTitleInvalid
from services.registry.domain.items import ItemKinds
from services.registry.domain.knowledge import Knowledge
from services.registry.store.ledger_tables import UnresolvedTitleRow
from services.registry.store.naming import UnresolvedTitles
from services.registry.store.reference import reference
from services.registry.store.repositories import Enterprises, Imports
from services.registry.store.staging import StagedRow
from services.registry.use_cases.register_enterprise import register_enterprise
from services.registry.use_cases.run_import.job import Job
from services.registry.use_cases.run_import.titles import write_titles

ACCEPT, REGISTER, REJECT = "accept", "register", "reject"
STATES = {"open": "待确认", "accepted": "已选定", "registered": "已新登记", "rejected": "不采用"}
_AFTER = {ACCEPT: "accepted", REGISTER: "registered", REJECT: "rejected"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`accept`: the registered enterprise `uscc`; `register`: a new one with that code; `reject`: none of ours."""

    decision: str
    reason: str
    uscc: str | None = None
    district_code: str | None = None


def decide_unresolved_title(
    tx: Transaction, row_id: uuid.UUID, decision: Decision, *, knowledge: Knowledge, kinds: ItemKinds, may: Admission
) -> UnresolvedTitleRow:
    """Enter the row into the ledger for the enterprise that was chosen, as its import would have done; or put it aside.

    Emits what an imported row emits, and EnterpriseRegistered for a new enterprise.
    """
    row = UnresolvedTitles(tx).get_for_update(row_id)
    if row.state != "open":
        raise UnresolvedTitleDecided(f"这条记录已由 {row.decided_by} 处理为“{STATES[row.state]}”，不能再次处理")
    if decision.decision == REJECT:
        if decision.uscc is not None:
            raise _invalid("不采用时请不要填写 uscc", "uscc-not-asked")
    elif decision.uscc is None:
        raise _invalid("请填写选定企业的统一社会信用代码（uscc）", "uscc-missing")
    else:
        _enter(tx, row, decision, decision.uscc, knowledge, kinds, may)
    row.state, row.uscc = _AFTER[decision.decision], decision.uscc
    row.decision_reason, row.decided_by, row.decided_at = decision.reason, tx.context.actor, clock.now()
    details = {"decision": decision.decision, "uscc": decision.uscc, "name": row.name, "reason": decision.reason}
    tx.audit("title-row-decided", str(row.id), details)
    return row


def _enter(
    tx: Transaction,
    row: UnresolvedTitleRow,
    decision: Decision,
    uscc: str,
    knowledge: Knowledge,
    kinds: ItemKinds,
    may: Admission,
) -> None:
    if decision.decision == REGISTER:
        identity = Identity(name=row.name, district_code=decision.district_code)
        register_enterprise(tx, uscc, identity, knowledge=knowledge, may=may)
    enterprise = Enterprises(tx).get_for_update(uscc)
    may.to_enterprise(uscc, enterprise.district_code, enterprise.version)
    tx.flush()  # what is written next goes past the session
    made = Imports(tx).get(row.import_id)
    job = Job(tx, made, knowledge, kinds, reference(tx), clock.now(), clock.today(), lambda done, total, message: None)
    write_titles(job, [uscc], [StagedRow(1, row.sheet, row.row, uscc, row.stated)])
    if job.report.problems:
        raise _invalid(job.report.problems[0].cell.message, job.report.problems[0].cell.code)
    tx.session.expire_all()


def _invalid(message: str, code: str) -> UnresolvedTitleInvalid:
    return UnresolvedTitleInvalid(message, problems=[FieldProblem("uscc", message, code)])
