"""The same filled mailbox at both servers, and a client of each that adds as little as it can."""

import base64
import http.client
import imaplib
import json
import os
import shutil
import time

from .letters import fill_maildir


class Filled:
    """A Maildir of `count` messages at our server and at Dovecot; both indexes are made."""

    def __init__(self, server, dovecot, count, median):
        self.account = server.fresh_account("bench")
        self.user = self.account.local
        ours = self.account.folder / "Maildir"
        fill_maildir(ours, count, median=median)
        theirs = dovecot.mail / self.user / "Maildir"
        shutil.copytree(ours, theirs, copy_function=_link)
        dovecot.own(dovecot.mail / self.user)
        started = time.perf_counter()
        server.run("rebuild", self.account.address, timeout=1_800)
        self.index_seconds = time.perf_counter() - started


def _link(source, target):
    """Copies through a hard link where it can: neither server changes a message's bytes."""
    os.link(source, target)


class Jmap:
    """One kept-alive connection and prepared requests: what a browser would send."""

    def __init__(self, server, account):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.http, timeout=120)
        self.headers = {
            "Authorization": "Basic " + base64.b64encode(f"{account.address}:{account.password}".encode()).decode(),
            "Content-Type": "application/json", "Accept-Encoding": "identity",
        }
        self.account = account.jmap.account
        self.inbox = account.jmap.mailbox("inbox")["id"]

    def post(self, calls):
        body = json.dumps({"using": ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"], "methodCalls": calls})
        self.connection.request("POST", "/jmap/api", body, self.headers)
        answer = self.connection.getresponse().read()
        return answer

    def page(self, filter=None, **query):
        """The ids of a page and what a list shows of them, in one request."""
        return [
            ["Email/query", {"accountId": self.account, "filter": filter or {"inMailbox": self.inbox},
                             "sort": [{"property": "receivedAt", "isAscending": False}], "limit": 50, **query}, "q"],
            ["Email/get", {"accountId": self.account, "#ids": {"resultOf": "q", "name": "Email/query", "path": "/ids"},
                           "properties": ["id", "threadId", "mailboxIds", "keywords", "from", "subject", "receivedAt", "preview", "hasAttachment", "size"]}, "g"],
        ]


class Imap:
    def __init__(self, dovecot, user):
        self.client = imaplib.IMAP4("127.0.0.1", dovecot.imap)
        self.client.login(user, "any")
        self.count = int(self.client.select("INBOX")[1][0])

    def page(self, first):
        """What a list shows of fifty messages from this sequence number on."""
        kind, data = self.client.fetch(f"{first}:{min(first + 49, self.count)}", "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE PREVIEW)")
        assert kind == "OK" and data
        return data

    def newest(self):
        return self.page(max(1, self.count - 49))

    def search(self, *criteria):
        kind, data = self.client.search(None, *criteria)
        assert kind == "OK"
        return data[0].split()
