"""What notification does: one verb, one file, one function; each receives the transaction and never commits."""
