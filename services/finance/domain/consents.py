"""A consent: one enterprise lets one institution see its details for one purpose until a day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from chassis.errors import FieldProblem
from services.finance.domain.errors import ConsentTermsInvalid

GIVEN, WITHDRAWN, EXPIRED = "given", "withdrawn", "expired"

STATE_LABELS = {GIVEN: "有效", WITHDRAWN: "已撤回", EXPIRED: "已到期"}


@dataclass(frozen=True, slots=True)
class Terms:
    """What is consented to; `document_reference` names the stamped 授权书."""

    uscc: str
    institution: str
    purpose: str
    expires_on: dt.date
    document_reference: str | None = None


def check_terms(terms: Terms, today: dt.date, *, on_behalf: bool) -> None:
    """Refuse terms that have already run out, or that an official records without naming the 授权书."""
    problems = []
    if terms.expires_on < today:
        problems.append(
            FieldProblem(
                "expires_on",
                "授权截止日期已过，请填写今天或以后的日期",
                code="in-the-past",
                found=terms.expires_on.isoformat(),
                expected=f"不早于 {today.isoformat()}",
            )
        )
    if on_behalf and terms.document_reference is None:
        problems.append(
            FieldProblem(
                "document_reference",
                "代企业登记授权时，请填写盖章授权书的编号",
                code="missing",
                expected="授权书编号",
            )
        )
    if problems:
        raise ConsentTermsInvalid("授权内容有误，请按 errors 中的说明修改后重试", problems=problems)
