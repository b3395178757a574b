"""Mail in by SMTP until it lies in the mailbox, and submission, beside Postfix with Dovecot's LMTP: the same messages, A B A B."""

import re
import smtplib
import statistics
import sys
import tempfile
import threading
import time

from peers.dovecot import Dovecot
from peers.letters import Letters
from peers.measure import cpu_seconds, table
from portal.postfix import Postfix
from portal.server import Server
from portal.waiting import until

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 600
ROUNDS = 3
SESSIONS = (1, 8)

SETTINGS = """mynetworks = 127.0.0.0/8
relay_domains = demo.test
relay_transport = lmtp:inet:127.0.0.1:{lmtp}
lmtp_destination_concurrency_limit = 20
"""


class Ours:
    name = "Mail Portal"

    def __init__(self, directory):
        self.server = Server(directory)
        self.server.run("domain", "add", "demo.test", "--verified")
        self.people = [self.server.fresh_account("bench") for _ in range(8)]
        self.server.start()
        self.mx, self.submission = self.server.mx, self.server.submission

    def open_submission(self):
        client = smtplib.SMTP("127.0.0.1", self.submission, timeout=30)
        client.login(self.people[0].address, self.people[0].password)
        return client

    def cpu(self):
        return cpu_seconds(self.server.process.pid)

    def delivered(self):
        return sum(1 for each in self.people for part in ("new", "cur") for _ in (each.folder / "Maildir" / part).glob("*"))

    def stop(self):
        self.server.stop()


class Theirs:
    name = "Postfix and Dovecot"

    def __init__(self, directory, people):
        self.dovecot = Dovecot(directory).start()
        self.postfix = Postfix(SETTINGS.format(lmtp=self.dovecot.lmtp)).start()
        self.people = people
        self.mx = self.submission = self.postfix.port
        self.master = int((self.postfix.directory / "queue/pid/master.pid").read_text())

    def open_submission(self):
        client = smtplib.SMTP("127.0.0.1", self.submission, timeout=30)
        client.ehlo()
        return client

    def cpu(self):
        return cpu_seconds(self.master) + cpu_seconds(self.dovecot.process.pid)

    def delivered(self):
        return sum(1 for each in self.people for part in ("new", "cur") for _ in (self.dovecot.mail / each.local / "Maildir" / part).glob("*"))

    def stop(self):
        self.postfix.remove()
        self.dovecot.stop()


def send_all(who, sessions, messages):
    """Sends the messages by so many sessions. Returns the seconds until the last 250, and until the last is in its mailbox."""
    before = who.delivered()
    clients = [smtplib.SMTP("127.0.0.1", who.mx, timeout=60) for _ in range(sessions)]
    for client in clients:
        client.ehlo("bench.example")

    def session(index):
        for content in messages[index::sessions]:
            assert not clients[index].sendmail("a@foreign.example", [who.people[index].address], content)

    threads = [threading.Thread(target=session, args=(index,)) for index in range(sessions)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    accepted = time.perf_counter() - started
    until(lambda: who.delivered() - before >= len(messages), 120, "the delivery", every=0.005)
    delivered = time.perf_counter() - started
    for client in clients:
        client.quit()
    return accepted, delivered


def submit(who, messages):
    """Milliseconds of each transaction on one open session, from MAIL to the 250."""
    client = who.open_submission()
    sender, recipient, times = who.people[0].address, who.people[1].address, []
    for content in messages:
        own = re.sub(rb"(?m)^From: [^\r]*", b"From: <%s>" % sender.encode(), content, count=1)
        started = time.perf_counter()
        assert not client.sendmail(sender, [recipient], own)
        times.append((time.perf_counter() - started) * 1_000)
    client.quit()
    return sorted(times)


def main():
    letters = Letters(1)
    messages = [letters.next() for _ in range(COUNT)]
    size = statistics.median(map(len, messages))
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        ours = Ours(directory)
        both = (ours, Theirs(directory, ours.people))
        rows = []
        for sessions in SESSIONS:
            figures = {who.name: [] for who in both}
            for _ in range(ROUNDS):
                for who in both:
                    before = who.cpu()
                    accepted, delivered = send_all(who, sessions, messages)
                    figures[who.name].append((COUNT / accepted, COUNT / delivered, (who.cpu() - before) / COUNT * 1_000))
            rates = {name: [statistics.median(each[index] for each in runs) for index in range(3)] for name, runs in figures.items()}
            mine, peer = rates[both[0].name], rates[both[1].name]
            rows.append((f"{sessions} session{'s' if sessions > 1 else ''}", f"{mine[1]:.0f}/s", f"{peer[1]:.0f}/s ({peer[0]:.0f}/s queued)", f"{mine[1] / peer[1]:.2f} ×",
                         f"{mine[2]:.2f} ms", f"{peer[2]:.2f} ms"))
        table(f"SMTP in, to the mailbox, durable: {COUNT} messages with a median of {size / 1_000:.1f} kB, medians of {ROUNDS} alternating runs",
              ("", "Mail Portal", "Postfix and Dovecot's LMTP", "ratio", "our CPU a message", "their CPU"), rows)

        times = {who.name: [] for who in both}
        for _ in range(ROUNDS):
            for who in both:
                times[who.name] += submit(who, messages[:150])
        rows = []
        for label, share in (("median", 0.5), ("95th percentile", 0.95)):
            mine, peer = (sorted(times[who.name])[int(len(times[who.name]) * share)] for who in both)
            rows.append((label, f"{mine:.1f} ms", f"{peer:.1f} ms", f"{peer / mine:.2f} ×"))
        table("Submission, one transaction on an open session (ours: delivered; Postfix: queued)", ("", "Mail Portal", "Postfix", "ratio"), rows)
        for who in both:
            who.stop()


main()
