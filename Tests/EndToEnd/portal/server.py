"""The built server on free ports of loopback, with a data directory of its own."""

import json
import os
import pathlib
import signal
import smtplib
import subprocess

from .jmap import JMAP
from .waiting import accepts, free_ports, until

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = pathlib.Path(os.environ.get("MAILPORTAL", ROOT / ".build/debug/mailportal"))
PASSWORD = "correct horse battery"


class Account:
    """An account with its password; `jmap` is signed in by Basic."""

    def __init__(self, server, address, password=PASSWORD):
        self.server, self.address, self.password = server, address, password
        self.local, self.domain = address.split("@")
        self._jmap = None

    @property
    def jmap(self):
        if self._jmap is None:
            self._jmap = JMAP(self.server.url, self.address, self.password)
        return self._jmap

    @property
    def folder(self):
        return self.server.data / "accounts" / self.domain / self.local


class Server:
    """Writes the configuration, starts and ends the process, and runs its commands."""

    def __init__(self, directory, records="", extra=""):
        self.directory = pathlib.Path(directory)
        self.data = self.directory / "data"
        self.log = self.directory / "server.log"
        ports = free_ports(6)
        self.http, self.mx, self.submission, self.submissions, self.lmtp, self.outbound = ports
        self.lmtp_socket = self.directory / "lmtp.sock"
        self.url = f"http://127.0.0.1:{self.http}"
        self.config = self.directory / "mailportal.toml"
        self.records = self.directory / "records.zone"
        self.records.write_text(records)
        self.config.write_text(
            f"""hostname = "mail.demo.test"
data = "{self.data}"

[http]
listen = ["127.0.0.1:{self.http}"]

[smtp]
mx = ["127.0.0.1:{self.mx}"]
submission = ["127.0.0.1:{self.submission}"]
submissions = ["127.0.0.1:{self.submissions}"]
lmtp = ["127.0.0.1:{self.lmtp}", "unix:{self.lmtp_socket}"]
max_message_size = "2MB"

[outbound]
port = {self.outbound}

[dns]
records = "{self.records}"

[log]
level = "info"
{extra}"""
        )
        self.process = None
        self.serve_options = []
        self._accounts = 0

    # The process

    def start(self, within=20.0):
        """Starts the process and returns when all its ports answer."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "serve", "--config", self.config, *map(str, self.serve_options)],
                stdout=log, stderr=log, cwd=ROOT,
                env={**os.environ, "SWIFT_BACKTRACE": "enable=no"},
            )
        until(self.is_ready, within, "the server's listening")
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.tail()}")
        return all(accepts(port) for port in (self.http, self.mx, self.submission, self.submissions, self.lmtp))

    def stop(self, within=15.0):
        """Asks the process to end, and fails when it does not."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not end within {within} s of SIGTERM:\n{self.tail()}")

    def kill(self):
        """kill -9."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def tail(self, lines=30):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""

    # The commands

    def run(self, *arguments, input=None, check=True, timeout=60):
        """Runs `mailportal ARGUMENTS` against this server's data; returns the finished process."""
        done = subprocess.run(
            [BINARY, *map(str, arguments), "--config", str(self.config)],
            input=input if isinstance(input, (bytes, type(None))) else input.encode(),
            capture_output=True, cwd=ROOT, timeout=timeout,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"mailportal {arguments} ended with {done.returncode}: {done.stderr.decode()}")
        return done

    def json(self, *arguments):
        return json.loads(self.run(*arguments, "--json").stdout)

    def add_account(self, address, *options, password=PASSWORD):
        self.run("account", "add", address, "--password-stdin", *options, input=password + "\n")
        if self.process is not None and self.process.poll() is None:
            until(lambda: self.knows(address), 5, f"the running server's knowing {address}")
        return Account(self, address, password)

    def knows(self, address):
        """Whether the running server takes mail for the address."""
        with smtplib.LMTP("127.0.0.1", self.lmtp, local_hostname="mta.demo.test", timeout=10) as client:
            client.ehlo()
            client.mail("probe@foreign.test")
            return client.rcpt(address)[0] == 250

    def fresh_account(self, name="person", *options):
        """An account that no other test knows."""
        self._accounts += 1
        return self.add_account(f"{name}{self._accounts}@demo.test", *options)
