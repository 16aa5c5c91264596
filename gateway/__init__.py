"""The only door: it knows the clients, issues their tokens, and hands their requests to the services."""
