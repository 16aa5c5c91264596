"""Decisions of the registry as pure functions; standard library only."""
