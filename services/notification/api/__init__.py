"""The HTTP interface of notification."""
