"""The registry's HTTP interface: translate, call one use case, return."""
