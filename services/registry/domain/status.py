"""Registration status: the words that registers use, and the six states they stand for."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum


class RegistrationStatus(StrEnum):
    """State of an enterprise in the market regulator's register."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    ANNULLED = "annulled"
    DEREGISTERED = "deregistered"
    MOVED_OUT = "moved_out"

    @property
    def label(self) -> str:
        return _LABELS[self]

    @property
    def operating(self) -> bool:
        """Whether it may be cultivated; a suspended enterprise keeps its file but is not in operation."""
        return self is RegistrationStatus.ACTIVE


@dataclass(frozen=True, slots=True)
class StatusProblem:
    """A word that no known register uses."""

    code: str
    message: str


_LABELS = {
    RegistrationStatus.ACTIVE: "存续（在营、开业、在册）",
    RegistrationStatus.SUSPENDED: "停业",
    RegistrationStatus.REVOKED: "吊销",
    RegistrationStatus.ANNULLED: "撤销",
    RegistrationStatus.DEREGISTERED: "注销",
    RegistrationStatus.MOVED_OUT: "迁出",
}

# The national publicity system writes 存续（在营、开业、在册）; provincial registers write 在业, 开业 or 正常.
_WORDS = {
    RegistrationStatus.ACTIVE: (
        "存续(在营、开业、在册)",
        "存续",
        "在营",
        "开业",
        "在册",
        "在业",
        "在营(开业)",
        "在营(开业)企业",
        "登记成立",
        "正常",
        "迁入",
    ),
    RegistrationStatus.SUSPENDED: ("停业", "歇业", "停业、歇业"),
    RegistrationStatus.REVOKED: ("吊销", "吊销,未注销", "吊销、未注销", "吊销未注销", "吊销企业"),
    RegistrationStatus.ANNULLED: ("撤销", "撤销登记", "被撤销"),
    RegistrationStatus.DEREGISTERED: (
        "注销",
        "注销企业",
        "已注销",
        "吊销,已注销",
        "吊销、已注销",
        "吊销已注销",
        "吊销后注销",
    ),
    RegistrationStatus.MOVED_OUT: ("迁出", "已迁出", "迁往市外"),
}


def _normalise(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


_BY_WORD = {_normalise(word): status for status, words in _WORDS.items() for word in words}


def parse(text: str) -> RegistrationStatus | StatusProblem | None:
    """The state that a register's word stands for; None when the cell is blank (missing is not 存续)."""
    word = _normalise(text)
    if not word:
        return None
    if status := _BY_WORD.get(word):
        return status
    expected = "、".join(("存续", "在业", "开业", "停业", "吊销", "撤销", "注销", "迁出"))
    return StatusProblem("status-unknown", f"不认识的登记状态“{text.strip()}”，请填写：{expected}")
