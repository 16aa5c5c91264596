"""Every event the registry reacts to: none yet. It is where the others' knowledge begins."""

from __future__ import annotations

from chassis.bus import Subscriptions

SUBSCRIPTIONS: Subscriptions = {}
