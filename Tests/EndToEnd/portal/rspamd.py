"""Debian's rspamd with its Redis on ports of loopback, and something on a port that only claims to be rspamd."""

import http.server
import pathlib
import shutil
import socket
import subprocess
import threading

import requests

from .server import ROOT
from .waiting import accepts, free_ports, until

CONFIGURATION = pathlib.Path(__file__).parent / "rspamd"
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"


class Rspamd:
    """Starts both in a folder of its own; ends them by their processes."""

    def __init__(self, directory, dns_port=None):
        """`dns_port`: whom it asks for the keys of signatures, which it only checks then."""
        self.directory = pathlib.Path(directory)
        self.dns_port = dns_port
        self.scan_port, self.controller_port, self.redis_port = free_ports(3)
        self.url = f"http://127.0.0.1:{self.scan_port}"
        self.controller = f"http://127.0.0.1:{self.controller_port}"
        self.log = self.directory / "rspamd.log"
        self.processes = []

    @property
    def settings(self):
        """What belongs under our own server's `[antispam]`."""
        return f'\n[antispam]\nrspamd = "{self.url}"\nrspamd_controller = "{self.controller}"\n'

    def start(self):
        for program in ("rspamd", "redis-server"):
            assert shutil.which(program), f"{program} is not installed; script/bootstrap --test installs it"
        cache = ROOT / ".build" / "rspamd"
        for folder in (cache, self.directory / "db", self.directory / "run"):
            folder.mkdir(parents=True, exist_ok=True)
        self._run("redis-server", "--port", self.redis_port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", self.directory)
        variables = {
            "LOCAL_CONFDIR": CONFIGURATION, "DBDIR": self.directory / "db", "RUNDIR": self.directory / "run",
            "LOGDIR": self.directory, "CACHE": cache, "SCAN_PORT": self.scan_port,
            "CONTROLLER_PORT": self.controller_port, "REDIS_PORT": self.redis_port,
            "DNS_PORT": self.dns_port or 9, "DKIM": "true" if self.dns_port else "false",
        }
        # -i: also where tests run as root.
        self._run("rspamd", "-f", "-i", "-c", "/etc/rspamd/rspamd.conf", *(f"--var={name}={value}" for name, value in variables.items()))
        until(lambda: accepts(self.redis_port) and self.answers(), 60, "rspamd's answer")
        return self

    def _run(self, *command):
        with self.log.open("ab") as log:
            self.processes.append(subprocess.Popen([str(word) for word in command], stdout=log, stderr=log))

    def answers(self):
        ended = [process.args for process in self.processes if process.poll() is not None]
        assert not ended, f"{ended} ended:\n{self.log.read_text(errors='replace')[-3000:]}"
        try:
            return all(requests.get(f"{url}/ping", timeout=2).ok for url in (self.url, self.controller))
        except requests.RequestException:
            return False

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def scan(self, content, ip="127.0.0.1"):
        return requests.post(f"{self.url}/checkv2", data=content, headers={"IP": ip}, timeout=20).json()


class FakeRspamd:
    """Answers every scan with `answer`: bytes that are the body, a number that is the score, or a function of the handler."""

    def __init__(self, port=0):
        self.answer = 0.0
        self.requests = []
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.reply(b"pong\r\n")

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                fake.requests.append((self.path, self.headers, body))
                answer = fake.answer
                if callable(answer):
                    answer(self)
                elif isinstance(answer, bytes):
                    self.reply(answer)
                else:
                    self.reply(b'{"score": %f, "symbols": {"FIXED": {"name": "FIXED", "score": %f}}}' % (answer, answer))

            def reply(self, body, status=200):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True
            open_connections = []

            def process_request(self, connection, address):
                self.open_connections.append(connection)
                super().process_request(connection, address)

            def handle_error(self, *_):
                pass  # a client that gave up

        self.server = Quiet(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def settings(self):
        return f'\n[antispam]\nrspamd = "{self.url}"\nrspamd_controller = "{self.url}"\n'

    @property
    def scans(self):
        return [request for request in self.requests if request[0] == "/checkv2"]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        for connection in self.server.open_connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # ended already
