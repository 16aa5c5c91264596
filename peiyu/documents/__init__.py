"""Documents generated from code and committed: OpenAPI, JSON Schemas, AsyncAPI, EVENTS.md, RULES.md."""
