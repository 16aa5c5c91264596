"""Tables and queries of eligibility's own database."""
