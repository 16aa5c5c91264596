"""Who may come in: the signing key, the clients in memory, access tokens, and the identities given to services."""
