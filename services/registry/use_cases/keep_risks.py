"""Records why an enterprise bears a public risk flag, and lifts it."""

from __future__ import annotations

import datetime as dt
import uuid

from chassis import clock, ids
from chassis.db import Transaction
from services.registry.domain.admission import Admission, Anyone
from services.registry.domain.file_errors import RiskRecordOpen
from services.registry.domain.knowledge import Knowledge
from services.registry.domain.relations import require_risk_dates
from services.registry.domain.standing import risk_label
from services.registry.store.people import RiskRecords
from services.registry.store.people_tables import RiskRecordRow
from services.registry.store.repositories import Enterprises
from services.registry.use_cases.update_enterprise import update_enterprise


def record_risk(
    tx: Transaction,
    uscc: str,
    *,
    flag: str,
    source: str,
    listed_on: dt.date,
    document: str | None,
    reason: str,
    knowledge: Knowledge,
    may: Admission,
) -> RiskRecordRow:
    """Put a flag on an enterprise with its source and day. Emits EnterpriseUpdated unless it bears the flag already."""
    row = Enterprises(tx).get_for_update(uscc)
    may.to_enterprise(uscc, row.district_code, row.version)
    require_risk_dates(listed_on, None, clock.today())
    records = RiskRecords(tx)
    if records.find_open(uscc, flag) is not None and flag in row.risk_flags:
        raise RiskRecordOpen(f"“{risk_label(flag)}”已有在列记录；如已移出，请先办理移出")
    _close_forgotten(tx, uscc, flag)
    flags = tuple(sorted({*row.risk_flags, flag}))
    update_enterprise(tx, uscc, {"risk_flags": flags}, knowledge=knowledge, may=Anyone())
    added = records.add(
        RiskRecordRow(
            id=ids.new_id(),
            uscc=uscc,
            flag=flag,
            source=source,
            listed_on=listed_on,
            document=document,
            reason=reason,
            recorded_by=tx.context.actor,
            recorded_at=clock.now(),
        )
    )
    tx.audit("risk-recorded", uscc, {"flag": flag, "source": source, "listed_on": listed_on.isoformat()})
    return added


def lift_risk(
    tx: Transaction,
    uscc: str,
    record_id: uuid.UUID,
    *,
    lifted_on: dt.date,
    reason: str,
    knowledge: Knowledge,
    may: Admission,
) -> RiskRecordRow:
    """Take a flag off. Emits EnterpriseUpdated unless it does not bear the flag any more."""
    row = Enterprises(tx).get_for_update(uscc)
    may.to_enterprise(uscc, row.district_code, row.version)
    record = RiskRecords(tx).get_open(uscc, record_id)
    require_risk_dates(record.listed_on, lifted_on, clock.today())
    record.lifted_on, record.lifted_reason = lifted_on, reason
    record.lifted_by, record.lifted_at = tx.context.actor, clock.now()
    flags = tuple(flag for flag in row.risk_flags if flag != record.flag)
    update_enterprise(tx, uscc, {"risk_flags": flags}, knowledge=knowledge, may=Anyone())
    tx.audit("risk-lifted", uscc, {"flag": record.flag, "lifted_on": lifted_on.isoformat(), "reason": reason})
    return record


def _close_forgotten(tx: Transaction, uscc: str, flag: str) -> None:
    """A record whose flag an imported list or an amendment took off meanwhile, without a word of when."""
    record = RiskRecords(tx).find_open(uscc, flag)
    if record is not None:
        record.lifted_reason, record.lifted_by, record.lifted_at = (
            "名单或更正已去掉该标识",
            tx.context.actor,
            clock.now(),
        )
        tx.session.flush()
