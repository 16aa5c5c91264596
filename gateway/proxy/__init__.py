"""The data path: routing table, limits, headers, and the two ways to a service. Nothing here buffers a body."""
