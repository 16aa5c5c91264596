"""What officials do with programmes."""
