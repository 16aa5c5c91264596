"""The rules engine as a pure library: facts dictionary, policy packs, evaluation, size class. No I/O, no framework."""
