"""What tests stand on: real servers, started once and found again."""
