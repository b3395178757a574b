"""Full-text search over JMAP, beside notmuch and Dovecot's SEARCH without an index of text; at several sizes."""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

from peers.dovecot import Dovecot
from peers.letters import Letters
from peers.mailboxes import Filled, Imap, Jmap
from peers.measure import median_ms, table
from portal.server import Server

SIZES = [int(each) for each in sys.argv[1:]] or [1_000, 10_000, 100_000]
ROUNDS = 30
PEERS_UP_TO = 20_000  # notmuch takes twenty minutes to index 100,000 here, and Dovecot half a minute for a search


class Notmuch:
    """notmuch over the same Maildir, with a database of its own."""

    def __init__(self, directory, maildir):
        self.root = pathlib.Path(directory, "notmuch")
        self.root.mkdir()
        (self.root / "mail").symlink_to(maildir)
        config = self.root / "config"
        config.write_text(f"[database]\npath={self.root}\nmail_root={self.root}\n[user]\nname=Bench\nprimary_email=bench@demo.test\n[new]\ntags=\n")
        self.environment = {**os.environ, "NOTMUCH_CONFIG": str(config)}
        started = time.perf_counter()
        subprocess.run(["notmuch", "new", "--quiet"], env=self.environment, check=True)
        self.seconds = time.perf_counter() - started

    def search(self, words):
        return subprocess.run(["notmuch", "search", "--limit=50", "--output=messages", words], env=self.environment, check=True, capture_output=True).stdout


def main():
    letters = Letters(1)
    common, rare = letters.words[3], letters.words[15_000]
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        dovecot = Dovecot(directory).start()
        server = Server(directory)
        server.run("domain", "add", "demo.test", "--verified")
        filled = {size: Filled(server, dovecot, size, median=7_000 if size <= 10_000 else 3_000) for size in SIZES}
        server.start()
        rows, indexes = [], []
        for size, mailbox in filled.items():
            jmap, imap = Jmap(server, mailbox.account), Imap(dovecot, mailbox.user)
            with tempfile.TemporaryDirectory(prefix="bench-") as other:
                notmuch = Notmuch(other, mailbox.account.folder / "Maildir") if size <= PEERS_UP_TO else None
                maildir = size_of(mailbox.account.folder / "Maildir")
                indexes.append((f"{size:,}", f"{size / mailbox.index_seconds:,.0f}/s", f"{size / notmuch.seconds:,.0f}/s" if notmuch else "–",
                                f"{size_of(mailbox.account.folder / 'index') / maildir:.0%}",
                                f"{size_of(notmuch.root / '.notmuch') / maildir:.0%}" if notmuch else "–"))
                for name, words in (("rare word", rare), ("common word", common), ("two words", f"{common} {letters.words[40]}")):
                    calls = jmap.page({"inMailbox": jmap.inbox, "text": words})
                    jmap.post(calls)
                    ours, _ = median_ms(lambda: jmap.post(calls), ROUNDS)
                    theirs = median_ms(lambda: notmuch.search(words), ROUNDS)[0] if notmuch else None
                    plain = f"{median_ms(lambda: imap.search('TEXT', words.split()[0]), 1)[0]:.0f}" if notmuch and " " not in words else "–"
                    rows.append((f"{size:,}", name, f"{ours:.1f}", *((f"{theirs:.1f}", f"{ours / theirs:.2f} ×") if notmuch else ("–", "–")), plain))
        table("Search, newest 50, milliseconds (ours with the page's contents over HTTP; notmuch with the start of its process, ids only)",
              ("messages", "", "JMAP", "notmuch", "ratio", "Dovecot SEARCH TEXT, no text index"), rows)
        table("Making the whole index, text included", ("messages", "ours", "notmuch", "our index : mail", "notmuch's : mail"), indexes)
        server.stop()
        dovecot.stop()


def size_of(folder):
    return sum(path.stat().st_size for path in pathlib.Path(folder).rglob("*") if path.is_file())


main()
