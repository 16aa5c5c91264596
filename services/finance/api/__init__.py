"""The HTTP interface of finance."""
