"""What a client does all day, at several sizes of the inbox: each action's time over HTTP and the server's own CPU time."""

import base64
import email.policy
import random
import statistics
import sys
import tempfile
import time
from email.message import EmailMessage

from peers.letters import Letters, fill_maildir
from peers.mailboxes import Jmap
from peers.measure import memory_mb, own_cpu_seconds, table
from portal.server import Server

SIZES = [int(each) for each in sys.argv[1:]] or [10_000, 100_000]
LARGE = 5 * 1024 * 1024


def measure(pid, action, rounds):
    """Milliseconds: the median, the fastest, and the server's CPU time of one."""
    action(0)
    before, times = own_cpu_seconds(pid), []
    for number in range(rounds):
        started = time.perf_counter()
        action(number + 1)
        times.append((time.perf_counter() - started) * 1_000)
    cpu = (own_cpu_seconds(pid) - before) / rounds * 1_000
    return f"{statistics.median(times):.2f}", f"{min(times):.2f}", f"{cpu:.2f}"


class Client:
    """One mailbox and the requests of each action."""

    def __init__(self, server, account):
        self.jmap = Jmap(server, account)
        self.api = account.jmap
        self.archive = self.api.mailbox("archive")["id"]
        self.ids = self.api.ids({"inMailbox": self.jmap.inbox}, limit=3_000)

    def call(self, method, **arguments):
        return self.jmap.post([[method, {"accountId": self.jmap.account, **arguments}, "c"]])

    def get(self, path):
        self.jmap.connection.request("GET", path, headers=self.jmap.headers)
        return self.jmap.connection.getresponse().read()

    def download(self, blob):
        return self.get(f"/jmap/download/{self.jmap.account}/{blob}/x?type=application%2Foctet-stream")

    def some(self, count):
        return [self.ids[place * 7 % len(self.ids)] for place in range(count)]

    def flag(self, count):
        chosen = self.some(count)
        return lambda number: self.call("Email/set", update={each: {"keywords/$flagged": True if number % 2 else None} for each in chosen})

    def move(self, count):
        chosen = self.some(count)
        return lambda number: self.call("Email/set", update={each: {"mailboxIds": {self.archive if number % 2 else self.jmap.inbox: True}} for each in chosen})

    def changes(self, number):
        state = self.api.call("Email/get", ids=[])["state"]
        self.call("Email/set", update={self.ids[0]: {"keywords/$flagged": True if number % 2 else None}})
        started = time.perf_counter()
        self.call("Email/changes", sinceState=state)
        return (time.perf_counter() - started) * 1_000

    def large_blob(self):
        message = EmailMessage()
        message["From"], message["Subject"] = "a@demo.test", "Large"
        message.set_content("See the attachment.")
        message.add_attachment(random.Random(1).randbytes(LARGE), "application", "octet-stream", filename="large.bin")
        made = self.api.import_message(message.as_bytes(policy=email.policy.SMTP))
        return self.api.emails([made["id"]], "attachments")[0]["attachments"][0]["blobId"]


def main():
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        server = Server(directory)
        server.run("domain", "add", "demo.test", "--verified")
        accounts, first = {}, []
        for size in SIZES:
            accounts[size] = server.fresh_account("bench")
            fill_maildir(accounts[size].folder / "Maildir", size, median=7_000 if size <= 10_000 else 3_000)
        server.start()
        pid = server.process.pid
        for size, account in accounts.items():
            account.jmap.session
            before, started = own_cpu_seconds(pid), time.perf_counter()
            client = Jmap(server, account)
            client.post(client.page())
            first.append((f"{size:,}", f"{time.perf_counter() - started:.2f} s", f"{own_cpu_seconds(pid) - before:.2f} s"))
            while account.jmap.mailbox("inbox")["totalEmails"] < size:
                time.sleep(0.5)
            first[-1] += (f"{size / (time.perf_counter() - started):,.0f}/s", f"{(own_cpu_seconds(pid) - before) / size * 1_000:.2f} ms")
        table("A Maildir that was never indexed", ("messages", "first page", "CPU to it", "all indexed at", "CPU a message"), first)
        rows = []
        for size, account in accounts.items():
            client = Client(server, account)
            tens = [each["id"] for each in client.api.emails(client.ids[:400], "size") if 8_000 < each["size"] < 13_000] or client.ids[:50]
            blob = client.api.emails([tens[0]], "blobId")[0]["blobId"]
            large = client.large_blob()
            assert len(client.download(large)) == LARGE
            common, rare = Letters(1).words[3], Letters(1).words[15_000]
            body = {"properties": ["bodyValues", "textBody", "htmlBody", "attachments", "subject", "from"], "fetchHTMLBodyValues": True, "fetchTextBodyValues": True}

            def search(words):
                return lambda number: client.jmap.post(client.jmap.page({"inMailbox": client.jmap.inbox, "text": words}))

            for name, action, rounds in (
                ("session and mailboxes", lambda number: (client.get("/jmap/session"), client.call("Mailbox/get")), 200),
                ("a message with its bodies", lambda number: client.call("Email/get", ids=[tens[number % len(tens)]], **body), 200),
                ("download of a message", lambda number: client.download(blob), 200),
                ("download of 5 MiB attached", lambda number: client.download(large), 20),
                ("newest 50", lambda number: client.jmap.post(client.jmap.page()), 100),
                ("newest 50 conversations, total", lambda number: client.jmap.post(client.jmap.page(collapseThreads=True, calculateTotal=True)), 100),
                ("search: rare word", search(rare), 50), ("search: common word", search(common), 50),
                ("search: as one types, 3 letters", search(common[:3]), 50), ("search: as one types, 4 letters", search(common[:4]), 50),
                ("flag one", client.flag(1), 100), ("flag 1,000", client.flag(1_000), 10),
                ("move one", client.move(1), 100), ("move 1,000", client.move(1_000), 10),
            ):
                rows.append((f"{size:,}", name, *measure(pid, action, rounds)))
            times = [client.changes(number) for number in range(60)]
            rows.append((f"{size:,}", "changes after one change", f"{statistics.median(times):.2f}", f"{min(times):.2f}", ""))
        table("Actions, milliseconds over one kept-alive connection", ("messages", "", "median", "fastest", "our CPU"), rows)
        print(f"\nThe server holds {memory_mb(pid)[0]:.0f} MB then, {memory_mb(pid)[1]:.0f} MB of them not files.")
        server.stop()


main()
