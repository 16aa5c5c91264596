"""How enterprises are found: what a name is indexed under, and how a query is read."""
