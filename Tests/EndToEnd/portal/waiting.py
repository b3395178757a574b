"""Waiting for something to become true, with a deadline, instead of sleeping."""

import socket
import time

# Deadlines are meant for a machine with nothing else to do; a busy one is given this much more.
PATIENCE = 3


def until(condition, within=5.0, what="the condition", every=0.02):
    """Returns the first true value of `condition()`; fails when there is none for `within` seconds (times PATIENCE)."""
    deadline = time.monotonic() + within * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {within * PATIENCE} s; the last value was {value!r}")
        time.sleep(every)


def accepts(port):
    """Whether somebody listens on this port of loopback."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.5).close()
        return True
    except OSError:
        return False


def free_ports(count):
    """Ports of loopback on which nobody listens; all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
