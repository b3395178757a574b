"""What the server holds in memory: idle, with silent connections, with watched inboxes, with a large message; and how fast it starts."""

import base64
import http.client
import os
import shutil
import socket
import sys
import tempfile
import time

from peers.letters import fill_maildir
from peers.mailboxes import Jmap
from peers.measure import memory_mb, table
from portal.server import Server

WATCHED = int(sys.argv[1]) if len(sys.argv) > 1 else 200
MESSAGES = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
SILENT = 900  # of MX, which has a limit


def clone(first, account):
    """The same mail and index for another account: links to the same files."""
    shutil.rmtree(account.folder, ignore_errors=True)
    shutil.copytree(first.folder, account.folder, copy_function=lambda source, target: os.link(source, target) if "/Maildir/" in source else shutil.copy2(source, target))


def watch(server, account):
    connection = http.client.HTTPConnection("127.0.0.1", server.http, timeout=60)
    login = base64.b64encode(f"{account.address}:{account.password}".encode()).decode()
    connection.request("GET", "/jmap/events/?types=*&closeafter=no&ping=0", headers={"Authorization": f"Basic {login}"})
    assert connection.getresponse().status == 200
    return connection


def main():
    rows = []
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        server = Server(directory)
        server.run("domain", "add", "demo.test", "--verified")
        accounts = [server.fresh_account("bench") for _ in range(WATCHED)]
        fill_maildir(accounts[0].folder / "Maildir", MESSAGES, median=500)
        server.run("rebuild", accounts[0].address, timeout=1_800)
        for account in accounts[1:]:
            clone(accounts[0], account)
        started = time.perf_counter()
        server.start()
        rows.append((f"started with {WATCHED} accounts in {time.perf_counter() - started:.2f} s, idle", *memory(server)))
        silent = [socket.create_connection(("127.0.0.1", server.mx)) for _ in range(SILENT)]
        time.sleep(2)
        rows.append((f"{SILENT} silent connections", *memory(server)))
        for each in silent:
            each.close()
        streams = [watch(server, account) for account in accounts]
        for account in accounts:
            client = Jmap(server, account)
            client.post(client.page())
            client.connection.close()
        time.sleep(2)
        rows.append((f"{WATCHED} watched inboxes of {MESSAGES:,}", *memory(server)))
        before = memory(server)
        content = b"Subject: large\r\n\r\n" + b"x" * 70 * 1 + b"\r\n" + (b"y" * 76 + b"\r\n") * 620_000
        jmap = accounts[0].jmap
        jmap.import_message(content)
        rows.append((f"after the import of {len(content) / 1e6:.0f} MB", *memory(server), f"peak {peak(server):.0f} MB"))
        del streams, before
        server.stop()
    table("Memory, megabytes", ("", "resident", "of these not files", ""), [row if len(row) == 4 else (*row, "") for row in rows])


def memory(server):
    return tuple(f"{each:.0f}" for each in memory_mb(server.process.pid))


def peak(server):
    for line in open(f"/proc/{server.process.pid}/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1_000
    return 0.0


main()
