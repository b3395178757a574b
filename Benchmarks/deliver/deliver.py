"""Delivery over LMTP, durable, beside Dovecot: the same messages, A B A B, with one session and with eight."""

import statistics
import sys
import tempfile
import threading
import time

from peers.dovecot import Dovecot
from peers.letters import Letters
from peers.measure import cpu_seconds, table
from portal.mail import LMTP
from portal.server import Server

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
ROUNDS = 3


def deliver(port, recipients, messages):
    """Delivers the messages by as many sessions as there are recipients; returns the seconds it took."""
    shares = [messages[index::len(recipients)] for index in range(len(recipients))]
    clients = [LMTP(port) for _ in recipients]

    def session(client, recipient, share):
        for content in share:
            answer = client.deliver("a@foreign.example", [recipient], content)
            assert answer[recipient][0] == 250, answer

    threads = [threading.Thread(target=session, args=each) for each in zip(clients, recipients, shares)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = time.perf_counter() - started
    for client in clients:
        client.quit()
    return taken


def main():
    letters = Letters(1)
    messages = [letters.next() for _ in range(COUNT)]
    size = statistics.median(map(len, messages))
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        dovecot = Dovecot(directory).start()
        server = Server(directory)
        server.run("domain", "add", "demo.test", "--verified")
        people = [server.fresh_account("bench").address for _ in range(8)]
        server.start()
        rows = []
        for name, recipients in (("1 session", people[:1]), ("8 sessions, one mailbox", people[:1] * 8), ("8 sessions, eight mailboxes", people)):
            figures = {"ours": [], "dovecot": []}
            for _ in range(ROUNDS):
                for who, port, pid in (("ours", server.lmtp, server.process.pid), ("dovecot", dovecot.lmtp, dovecot.process.pid)):
                    before = cpu_seconds(pid)
                    taken = deliver(port, recipients, messages)
                    figures[who].append((COUNT / taken, (cpu_seconds(pid) - before) / COUNT * 1_000))
            rate = {who: statistics.median(each[0] for each in runs) for who, runs in figures.items()}
            cpu = {who: statistics.median(each[1] for each in runs) for who, runs in figures.items()}
            rows.append((name, f"{rate['ours']:.0f}/s", f"{rate['dovecot']:.0f}/s", f"{rate['ours'] / rate['dovecot']:.2f} ×", f"{cpu['ours']:.2f} ms", f"{cpu['dovecot']:.2f} ms"))
        table(f"LMTP delivery, {COUNT} messages with a median of {size / 1_000:.1f} kB, medians of {ROUNDS} alternating runs",
              ("", "Mail Portal", "Dovecot", "ratio", "our CPU a message", "Dovecot's CPU"), rows)
        server.stop()
        dovecot.stop()


main()
