"""The gateway's own database: clients, their secrets, the installation's state, usage."""
