"""The gateway's decisions: roles and scopes, grants, back-off, health."""
