"""Tables, repositories and queries of the registry's own database."""
