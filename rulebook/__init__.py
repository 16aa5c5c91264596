"""The rules engine as a pure library: facts dictionary, policy packs, evaluation, size class. No I/O, no framework."""

VERSION = "1"
"""The meaning of the rules language: another number when the same pack and the same facts may come out differently."""
