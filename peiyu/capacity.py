"""Threads, pools and connections of the all-in-one run, set together: nobody waits for what another part holds."""

HTTP_THREADS = 16
"""`def` routes that run at once in the HTTP process."""

HTTP_POOL = HTTP_THREADS
"""Connections to one service's database from the HTTP process: all threads may be busy with the same service."""

WORKER_POOL = 10
"""Connections to one service's database from the worker process: one per loop and a little room."""

SEPARATE = 40
"""Connections outside the pools: LISTEN of each waiting loop, locks of relays, the bus, people and tools."""

DATABASES = 5

MAX_CONNECTIONS = DATABASES * (HTTP_POOL + WORKER_POOL) + SEPARATE
