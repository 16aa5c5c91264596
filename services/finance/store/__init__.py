"""Reading and writing of finance's own database."""
