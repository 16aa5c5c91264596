"""How every Peiyu service runs: settings, errors, transactions, events, guards, jobs. No business word."""
