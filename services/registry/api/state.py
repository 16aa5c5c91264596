"""What the routes find on the application: knowledge, settings, the follower of the feed."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request

from chassis.longpoll import LongPoll
from chassis.working_days import WorkingDays
from services.registry.domain.change_rules import ChangeRules
from services.registry.domain.items import ItemKinds
from services.registry.domain.knowledge import Knowledge
from services.registry.domain.life_cycle import LifeCycles
from services.registry.domain.pool import PoolRules
from services.registry.domain.profile_file import ProfileLayout
from services.registry.settings import Settings
from services.registry.use_cases.apply_change import Tools
from services.registry.use_cases.profile import ProfileTools


def _knowledge(request: Request) -> Knowledge:
    return cast(Knowledge, request.app.state.knowledge)


def _life_cycles(request: Request) -> LifeCycles:
    return cast(LifeCycles, request.app.state.life_cycles)


def _item_kinds(request: Request) -> ItemKinds:
    return cast(ItemKinds, request.app.state.item_kinds)


def _pool_rules(request: Request) -> PoolRules:
    return cast(PoolRules, request.app.state.pool_rules)


def _change_rules(request: Request) -> ChangeRules:
    return cast(ChangeRules, request.app.state.change_rules)


def _tools(request: Request) -> Tools:
    return Tools(_knowledge(request), _life_cycles(request), _pool_rules(request))


def _profiling(request: Request) -> ProfileTools:
    dictionary, layout = _knowledge(request).dictionary, cast(ProfileLayout, request.app.state.profile_layout)
    return ProfileTools(dictionary, _life_cycles(request), _pool_rules(request), layout)


def _settings(request: Request) -> Settings:
    return cast(Settings, request.app.state.settings)


def _working_days(request: Request) -> WorkingDays:
    return cast(WorkingDays, request.app.state.working_days)


def _longpoll(request: Request) -> LongPoll:
    return cast(LongPoll, request.app.state.longpoll)


Known = Annotated[Knowledge, Depends(_knowledge)]
Items = Annotated[ItemKinds, Depends(_item_kinds)]
Rules = Annotated[PoolRules, Depends(_pool_rules)]
Changing = Annotated[ChangeRules, Depends(_change_rules)]
ToolsOf = Annotated[Tools, Depends(_tools)]
Profiling = Annotated[ProfileTools, Depends(_profiling)]
Cycles = Annotated[LifeCycles, Depends(_life_cycles)]
Calendar = Annotated[WorkingDays, Depends(_working_days)]
Configured = Annotated[Settings, Depends(_settings)]
Follower = Annotated[LongPoll, Depends(_longpoll)]
