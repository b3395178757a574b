"""Clients that mean harm: raw conversations, crowds of connections, and an honest client that is timed beside them."""

import os
import pathlib
import resource
import select
import smtplib
import socket
import subprocess
import sys
import threading
import time


def raise_descriptors():
    """As many open files as the system lets us have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def resident(pid):
    """Resident memory of a process in octets."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))


def descriptors(pid):
    """How many files and connections a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


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
    """Sends small messages one after the other while it is open, and keeps how long each took, from connecting to the 250.

    It is a process of its own: the crowd's work must not count as the server's.
    """

    def __init__(self, port, recipient):
        self.command = [sys.executable, "-m", "portal.hostile", str(port), recipient]
        self.times, self.failures = [], []

    def _read(self):
        for line in self.process.stdout:
            kind, _, rest = line.decode().partition(" ")
            if kind == "sent":
                self.times.append(float(rest))
            else:
                self.failures.append(rest)

    def percentile(self, share=0.99):
        assert self.times, f"nothing was delivered: {self.failures[:3]}"
        return sorted(self.times)[min(len(self.times) - 1, int(len(self.times) * share))]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, cwd=pathlib.Path(__file__).parents[1])
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.thread.join(5)


def send_for_ever(port, recipient):
    """What the honest client's process does; each message is a line on standard output."""
    number = 0
    while True:
        started = time.perf_counter()
        try:
            with smtplib.SMTP("127.0.0.1", port, local_hostname="honest.foreign.test", timeout=30) as client:
                content = f"From: honest@foreign.test\r\nSubject: Honest {number}\r\n\r\nGood morning.\r\n"
                client.sendmail("honest@foreign.test", [recipient], content)
            print(f"sent {time.perf_counter() - started}", flush=True)
            number += 1
        except (OSError, smtplib.SMTPException) as failure:
            print(f"failed {failure!r}", flush=True)
        time.sleep(0.02)


if __name__ == "__main__":
    send_for_ever(int(sys.argv[1]), sys.argv[2])
