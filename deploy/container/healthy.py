"""Whether this container is well: `healthy.py http PATH` asks its HTTP process, `healthy.py pulse FILE` its loops.

Run every few seconds beside the process it looks at: only modules that cost nothing to import.
"""

import os
import socket
import sys
import time

PORT = 8000
PULSE_SECONDS = 20
"""The worker touches its file every second."""


def answers(path):
    with socket.create_connection(("127.0.0.1", PORT), timeout=5) as asked:
        asked.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        return asked.recv(64).split(b" ", 2)[1:2] == [b"200"]


def turns(file):
    return time.time() - os.stat(file).st_mtime < PULSE_SECONDS


if __name__ == "__main__":
    kind, what = sys.argv[1:]
    try:
        well = answers(what) if kind == "http" else turns(what)
    except OSError:
        well = False
    sys.exit(not well)
