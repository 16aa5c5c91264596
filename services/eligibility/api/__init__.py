"""HTTP: translate, call one use case, return."""
