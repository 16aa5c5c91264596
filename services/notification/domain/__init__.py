"""Decisions of notification: whose enterprise it is, and what a message says."""
