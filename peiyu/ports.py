"""The address of the suite on this machine, held by the supervisor so that a restarted child finds it again."""

import errno
import socket
import time

from peiyu.refusals import CannotRun

ADDRESS = "127.0.0.1"


def reserve(port: int, patience_seconds: float = 3.0) -> socket.socket:
    """Bind the port without listening yet: until the suite serves, callers are refused instead of kept waiting.

    `patience_seconds`: children of a supervisor that was killed just now need a moment to let go.
    """
    until = time.monotonic() + patience_seconds
    while True:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((ADDRESS, port))
            if not _somebody_listens(port):
                return listener
            problem: OSError = OSError(errno.EADDRINUSE, "in use")
        except OSError as error:
            problem = error
        listener.close()
        if problem.errno != errno.EADDRINUSE or time.monotonic() > until:
            break
        time.sleep(0.1)
    if problem.errno == errno.EACCES:
        raise CannotRun(
            f"当前账号不能使用端口 {port}。请用 PEIYU_PORT 指定 1024 以上的端口。",
            f"Port {port} needs more rights than this account has. Set PEIYU_PORT to one above 1024.",
        ) from problem
    raise _taken(port) from problem


def listen(listener: socket.socket, port: int) -> None:
    """Let callers in: from now on they wait in the queue until a child accepts them."""
    try:
        listener.listen(1024)
    except OSError as error:  # another start reserved the same port and was faster
        raise _taken(port) from error


def _taken(port: int) -> CannotRun:
    return CannotRun(
        f"端口 {port} 已被占用。请用 PEIYU_PORT 指定另一个端口，例如 PEIYU_PORT={port + 1} make up。",
        f"Port {port} is in use. Set PEIYU_PORT to another one, for example PEIYU_PORT={port + 1} make up.",
    )


def _somebody_listens(port: int) -> bool:
    """Linux lets two sockets share an address until one listens; who listens on 0.0.0.0 counts too."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((ADDRESS, port)) == 0
