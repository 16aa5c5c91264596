"""The kinds of messages, the words each may use, and the labels of the codes that appear in them."""

from __future__ import annotations

from dataclasses import dataclass

DISCLAIMER = "测算结果仅供参考，不作为认定依据"
DISCLAIMER_EN = "for reference only, not a basis for recognition"

STATES = {"pending": "待送达", "delivered": "未读", "read": "已读"}

ASSIGNMENT_REASONS = {
    "registered": "新登记企业分配",
    "moved": "企业迁移",
    "absence": "专员请假",
    "departure": "专员离岗",
    "rebalanced": "服务区域调整",
    "by_hand": "人工指定",
    "ended": "企业合并、分立",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of message. `always` placeholders have a value in every message, `sometimes` ones may be missing."""

    code: str
    label: str
    label_en: str
    always: frozenset[str]
    sometimes: frozenset[str] = frozenset()
    must_say: tuple[str, str] | None = None
    """What the body has to say in Chinese and in English, whoever edits the template."""

    @property
    def placeholders(self) -> frozenset[str]:
        return self.always | self.sometimes


_ENTERPRISE = frozenset({"enterprise", "uscc"})

ELIGIBLE = Kind(
    code="enterprise_eligible",
    label="测算达标",
    label_en="Assessed as eligible",
    always=_ENTERPRISE | {"title", "application", "edition", "assessed_on"},
    sometimes=frozenset({"district", "route", "reasons"}),
    must_say=(DISCLAIMER, DISCLAIMER_EN),
)
TITLE_RECORDED = Kind(
    code="title_recorded",
    label="称号登记",
    label_en="Title recorded",
    always=_ENTERPRISE | {"title", "state"},
    sometimes=frozenset({"district", "batch", "document", "issuer", "announced_on", "valid_from", "valid_to"}),
)
TITLE_EXPIRING = Kind(
    code="title_expiring",
    label="称号将到期",
    label_en="Title about to end",
    always=_ENTERPRISE | {"title", "valid_to", "days_left"},
    sometimes=frozenset({"district", "batch", "document", "renewal", "next_update_due"}),
)
WHITELISTED = Kind(
    code="whitelist_entered",
    label="进入白名单",
    label_en="Entered the whitelist",
    always=_ENTERPRISE | {"title", "effective_on", "seq"},
    sometimes=frozenset({"district"}),
)
FINDING_REQUESTED = Kind(
    code="finding_requested",
    label="待认定事项",
    label_en="A finding is asked for",
    always=_ENTERPRISE | {"finding", "titles", "document", "quotation", "requested_on"},
    sometimes=frozenset({"district", "evidence"}),
    must_say=(DISCLAIMER, DISCLAIMER_EN),
)

KINDS = {kind.code: kind for kind in (ELIGIBLE, TITLE_RECORDED, TITLE_EXPIRING, WHITELISTED, FINDING_REQUESTED)}

TITLES_EN = {
    "innovative_sme": "Innovative SME",
    "tech_sme": "Technology-based SME",
    "specialized_sme": "Specialized and Sophisticated SME",
    "little_giant": "“Little Giant” enterprise",
    "high_tech": "High and New Technology Enterprise",
    "champion": "Manufacturing Single Champion",
}

APPLICATIONS = {"new": ("新申报", "new application"), "review": ("复核", "review")}

RENEWALS = {
    "review": ("复核，以当年通知为准", "review, by the year's notice"),
    "anew": ("重新认定或重新自评", "to be applied for anew"),
}

TITLE_STATES = {
    "valid": ("有效", "valid"),
    "publicized": ("公示", "publicized"),
    "under_review": ("复核中", "under review"),
    "expired": ("到期", "expired"),
    "cancelled": ("取消", "cancelled"),
}
