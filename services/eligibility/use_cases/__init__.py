"""What eligibility does, one verb per file."""
