"""Programmes (计划): what a plan promises, who is responsible, and what of it is reached."""
