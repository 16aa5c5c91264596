"""Notification: who looks after which enterprise, and the messages that reach them."""
