"""What finance does, one verb per file."""
