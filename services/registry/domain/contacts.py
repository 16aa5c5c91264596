"""People of an enterprise: what they are to it, and how much of them is shown to whom."""

from __future__ import annotations

CONTACT_ROLES = {
    "legal_representative": "法定代表人",
    "principal": "主要负责人",
    "liaison": "服务联络员",
    "finance": "财务负责人",
    "technology": "技术负责人",
}


def masked_name(name: str) -> str:
    """The family name and as many stars as characters are left out: 王**."""
    return name[:1] + "*" * max(len(name) - 1, 1)


def masked_phone(phone: str) -> str:
    """The first three and last four characters of a number of eleven; of a shorter one the last two."""
    kept = (3, 4) if len(phone) >= 11 else (0, 2)
    hidden = max(len(phone) - sum(kept), 1)
    return phone[: kept[0]] + "*" * hidden + phone[len(phone) - kept[1] :]


def masked_email(email: str) -> str:
    """The first character and the domain: z***@example.com."""
    local, at, domain = email.rpartition("@")
    return f"{local[:1]}***{at}{domain}"
