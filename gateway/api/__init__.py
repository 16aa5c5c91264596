"""What the gateway itself answers: tokens, keys, health, documents, administration."""
