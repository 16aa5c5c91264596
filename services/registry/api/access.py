"""Who may call what: the guards of the routes, and what the use cases ask about the caller."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from chassis.auth import EVERYWHERE, Actor, guard
from chassis.db import Transaction
from chassis.etags import require_match
from services.registry.domain.admission import Party
from services.registry.domain.errors import OwnEnterpriseOnly
from services.registry.store.history import FileReads

OFFICIALS = ("officer", "system")

Reader = Annotated[Actor, Depends(guard("enterprises:read"))]
Exporter = Annotated[Actor, Depends(guard("enterprises:read", roles=OFFICIALS))]
Editor = Annotated[Actor, Depends(guard("enterprises:write", roles=OFFICIALS))]
FactWriter = Annotated[Actor, Depends(guard("facts:write", roles=(*OFFICIALS, "platform")))]
FindingWriter = Annotated[Actor, Depends(guard("findings:write", roles=("officer",)))]
TitleWriter = Annotated[Actor, Depends(guard("titles:write", roles=OFFICIALS))]
ItemWriter = Annotated[Actor, Depends(guard("items:write", roles=OFFICIALS))]
PoolReader = Annotated[Actor, Depends(guard("pool:read", roles=(*OFFICIALS, "leader", "commissioner")))]
PoolWriter = Annotated[Actor, Depends(guard("pool:write", roles=OFFICIALS))]
ImportWriter = Annotated[Actor, Depends(guard("imports:write", roles=OFFICIALS))]
ImportReader = Annotated[Actor, Depends(guard("imports:read", roles=OFFICIALS))]
RequestReader = Annotated[Actor, Depends(guard("enterprises:read", roles=(*OFFICIALS, "leader", "enterprise")))]
Requester = Annotated[Actor, Depends(guard("requests:write", roles=(*OFFICIALS, "enterprise")))]
Decider = Annotated[Actor, Depends(guard("requests:decide", roles=OFFICIALS))]
ChangeReader = Annotated[Actor, Depends(guard("changes:read", roles=(*OFFICIALS, "platform")))]


@dataclass(frozen=True, slots=True)
class RequestAdmission:
    """Answers for one request: the caller's jurisdiction, and `If-Match` where the caller sent it."""

    actor: Actor
    request: Request

    def to_enterprise(self, uscc: str, district_code: str | None, version: int) -> None:
        require_enterprise(self.actor, uscc, district_code)
        require_match(self.request, version)

    def to_area(self, district_code: str | None) -> None:
        self.actor.require_area(district_code)


def require_enterprise(actor: Actor, uscc: str, district_code: str | None) -> None:
    """An enterprise's client sees its own file, everyone else what lies in their areas."""
    if actor.uscc is not None:
        if actor.uscc != uscc:
            raise OwnEnterpriseOnly("只能查看本企业的档案")
        return
    actor.require_area(district_code)


def party_of(actor: Actor) -> Party:
    """The caller as one who asks for changes or decides them."""
    return Party(actor.subject, actor.uscc, actor.answers_for)


def note_read(
    tx: Transaction, actor: Actor, uscc: str, part: str, *, purpose: str | None, as_of: dt.datetime | None = None
) -> None:
    """Enter the caller into the log of the file's readers; `part` is a key of past.PARTS."""
    FileReads(tx).note(
        uscc, part, roles=sorted(actor.roles), department=actor.department, purpose=purpose or None, as_of=as_of
    )


def areas_of(actor: Actor) -> list[str] | None:
    """The prefixes that lists are limited to; None is everywhere."""
    return None if EVERYWHERE in actor.areas else list(actor.areas)


def covers(actor: Actor, areas: list[str]) -> bool:
    """Whether the caller answers for all of `areas` (an import's)."""
    if EVERYWHERE in actor.areas:
        return True
    return bool(areas) and all(any(area.startswith(own) for own in actor.areas) for area in areas)
