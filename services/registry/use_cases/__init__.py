"""What the registry does: one verb, one file, one function of the same name."""
