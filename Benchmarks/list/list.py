"""A page of a folder over JMAP, beside Dovecot's IMAP: newest, collapsed to threads, deep; at several sizes."""

import random
import statistics
import sys
import tempfile
import threading
import time

from peers.dovecot import Dovecot
from peers.mailboxes import Filled, Imap, Jmap
from peers.measure import median_ms, table
from portal.server import Server

SIZES = [int(each) for each in sys.argv[1:]] or [1_000, 10_000, 100_000]
ROUNDS = 60


def main():
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        dovecot = Dovecot(directory).start()
        server = Server(directory)
        server.run("domain", "add", "demo.test", "--verified")
        filled = {size: Filled(server, dovecot, size, median=7_000 if size <= 10_000 else 3_000) for size in SIZES}
        server.start()
        rows = []
        for size, mailbox in filled.items():
            jmap, imap = Jmap(server, mailbox.account), Imap(dovecot, mailbox.user)
            place = random.Random(size)
            for first in range(1, imap.count, 500):
                imap.page(first)  # fills Dovecot's cache file, as a client that has synchronised would have
            newest = jmap.page()
            threads = jmap.page(collapseThreads=True, calculateTotal=True)
            one = jmap.page(limit=1)
            for action in (lambda: jmap.post(newest), lambda: jmap.post(threads), imap.newest):
                action()
            deep = lambda: jmap.post(jmap.page(position=place.randrange(max(1, size - 50))))
            imap_deep = lambda: imap.page(place.randrange(1, max(2, size - 50)))
            measured = [median_ms(action, ROUNDS) for action in (lambda: jmap.post(newest), imap.newest, lambda: jmap.post(threads), deep, imap_deep, lambda: jmap.post(one))]
            rows.append((f"{size:,}", *(f"{middle:.1f} ({slow:.1f})" for middle, slow in measured), f"{measured[0][0] / measured[1][0]:.2f} ×", f"{size / mailbox.index_seconds:,.0f}/s"))
        table("A page of 50 with preview, milliseconds: median (95th percentile)",
              ("messages", "JMAP newest", "IMAP newest", "JMAP, threads with total", "JMAP, random page", "IMAP, random page", "JMAP, one row", "JMAP : IMAP", "index built at"), rows)
        largest = filled[SIZES[-1]]
        table(f"Newest 50 of {SIZES[-1]:,}, 8 clients at once", ("requests",), [(f"{together(server, largest):.0f}/s",)])
        server.stop()
        dovecot.stop()


def together(server, mailbox, clients=8, each=60):
    """Requests a second of several clients at once."""
    connections = [Jmap(server, mailbox.account) for _ in range(clients)]
    for connection in connections:
        connection.post(connection.page())

    def run(connection):
        calls = connection.page()
        for _ in range(each):
            connection.post(calls)

    threads = [threading.Thread(target=run, args=(connection,)) for connection in connections]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return clients * each / (time.perf_counter() - started)


main()
