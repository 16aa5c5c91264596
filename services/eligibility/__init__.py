"""Which title each enterprise can reach, why, and what is missing. It computes; it never grants."""
