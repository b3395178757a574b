"""Clients that mean harm: raw conversations, crowds of connections, and an honest client that is timed beside them."""

import resource
import select
import socket
import smtplib
import threading
import time

from .mail import message


def raise_descriptors():
    """As many open files as the system lets us have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def resident(pid):
    """Resident memory of a process in octets."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))


class Crowd:
    """Many connections from many addresses of loopback; nothing is read unless asked for."""

    def __init__(self, port):
        self.port = port
        self.sockets = []

    def connect(self, number=0):
        each = socket.socket()
        each.setblocking(False)
        each.bind((f"127.0.{number // 200 % 200 + 1}.{number % 200 + 1}", 0))
        try:
            each.connect(("127.0.0.1", self.port))
        except BlockingIOError:
            pass
        self.sockets.append(each)
        return each

    def grow(self, count, rate=None, say=b""):
        """Opens `count` more, `rate` a second; each says `say` when it is connected."""
        started = time.monotonic()
        for number in range(count):
            each = self.connect(number)
            if say:
                select.select([], [each], [], 5)
                self.send(each, say)
            if rate and number % 20 == 0:
                time.sleep(max(0, started + number / rate - time.monotonic()))

    @staticmethod
    def send(each, content):
        try:
            return each.send(content)
        except OSError:
            return 0

    def open(self):
        """How many the server has not closed."""
        count = 0
        for each in self.sockets:
            try:
                while each.recv(65_536):
                    pass
            except BlockingIOError:
                count += 1
            except OSError:
                pass
        return count

    def close(self):
        for each in self.sockets:
            each.close()
        self.sockets = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Honest:
    """Sends small messages one after the other while it is open, and keeps how long each took, from connecting to the 250."""

    def __init__(self, port, recipient, pause=0.02, source="127.0.0.1"):
        self.port, self.recipient, self.pause, self.source = port, recipient, pause, source
        self.times, self.failures = [], []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self.ended.is_set():
            started = time.perf_counter()
            try:
                with smtplib.SMTP("127.0.0.1", self.port, local_hostname="honest.foreign.test", timeout=30, source_address=(self.source, 0)) as client:
                    client.sendmail("honest@foreign.test", [self.recipient], message(f"Honest {len(self.times)}"))
                self.times.append(time.perf_counter() - started)
            except (OSError, smtplib.SMTPException) as failure:
                self.failures.append(failure)
            time.sleep(self.pause)

    def percentile(self, share=0.99):
        assert self.times, f"nothing was delivered: {self.failures[:3]}"
        return sorted(self.times)[min(len(self.times) - 1, int(len(self.times) * share))]

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join(40)
