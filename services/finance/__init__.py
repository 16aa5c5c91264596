"""Finance: the whitelist that banks follow, and the consents that enterprises give them."""
