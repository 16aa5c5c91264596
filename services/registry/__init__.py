"""The registry service: enterprises, their facts and findings, the title ledger and the imports that fill them."""
