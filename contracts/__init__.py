"""What crosses a service boundary: event classes, the facts dictionary, value shapes. Data only."""
