"""A JMAP client of a page: RFC 8620's requests over HTTP, and a reader of its event stream."""

import base64
import http.client
import json
import socket
import threading
import urllib.parse

import requests

CORE = "urn:ietf:params:jmap:core"
MAIL = "urn:ietf:params:jmap:mail"
SUBMISSION = "urn:ietf:params:jmap:submission"
VACATION = "urn:ietf:params:jmap:vacationresponse"
SIEVE = "urn:ietf:params:jmap:sieve"


class MethodError(AssertionError):
    """The server answered a call with `error`."""

    def __init__(self, call, arguments):
        super().__init__(f"{call} → {arguments}")
        self.type = arguments.get("type")


class JMAP:
    def __init__(self, url, address, password):
        self.url = url
        self.http = requests.Session()
        self.http.auth = (address.encode(), password.encode())
        self.session = self.get_session()
        self.account = self.session["primaryAccounts"][MAIL]

    def get_session(self):
        answer = self.http.get(f"{self.url}/.well-known/jmap", timeout=10)
        answer.raise_for_status()
        return answer.json()

    def absolute(self, address):
        return address if address.startswith("http") else self.url + address

    def request(self, calls, using=(CORE, MAIL, SUBMISSION, VACATION, SIEVE), **extra):
        """Sends method calls as they are, and returns the whole answer."""
        body = {"using": list(using), "methodCalls": calls, **extra}
        answer = self.http.post(self.absolute(self.session["apiUrl"]), json=body, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def call(self, method, **arguments):
        """One call; its arguments get the account where they name none. Raises MethodError."""
        arguments.setdefault("accountId", self.account)
        name, result, _ = self.request([[method, arguments, "0"]])["methodResponses"][0]
        if name == "error":
            raise MethodError(method, result)
        return result

    # What tests often want

    def mailboxes(self):
        return self.call("Mailbox/get", ids=None)["list"]

    def mailbox(self, role=None, name=None):
        """The mailbox with this role or this name."""
        for mailbox in self.mailboxes():
            if (role and mailbox["role"] == role) or (name and mailbox["name"] == name):
                return mailbox
        raise AssertionError(f"there is no mailbox {role or name}")

    def ids(self, filter=None, **arguments):
        return self.call("Email/query", filter=filter, **arguments)["ids"]

    def in_role(self, role):
        return self.ids({"inMailbox": self.mailbox(role)["id"]})

    def emails(self, ids, *properties):
        return self.call("Email/get", ids=ids, properties=list(properties) or None)["list"] if ids else []

    def find(self, subject, role="inbox"):
        """The emails in this mailbox whose subject is exactly this."""
        found = self.emails(self.in_role(role), "id", "subject", "blobId", "threadId", "keywords", "mailboxIds")
        return [email for email in found if email["subject"] == subject]

    def text_of(self, id):
        email = self.call("Email/get", ids=[id], properties=["textBody", "bodyValues"], fetchTextBodyValues=True)["list"][0]
        return "".join(email["bodyValues"][part["partId"]]["value"] for part in email["textBody"])

    def download(self, blob, name="message.eml", type="message/rfc822"):
        address = self.absolute(self.session["downloadUrl"])
        for key, value in {"accountId": self.account, "blobId": blob, "name": name, "type": type}.items():
            address = address.replace("{%s}" % key, requests.utils.quote(value, safe=""))
        answer = self.http.get(address, timeout=30)
        answer.raise_for_status()
        return answer.content

    def upload(self, content, type="application/octet-stream"):
        address = self.absolute(self.session["uploadUrl"]).replace("{accountId}", self.account)
        answer = self.http.post(address, data=content, headers={"Content-Type": type}, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def import_message(self, content, role="inbox", keywords=None):
        """Imports a whole message; returns what the server says of it."""
        blob = self.upload(content, "message/rfc822")["blobId"]
        mailbox = self.mailbox(role)["id"]
        result = self.call(
            "Email/import",
            emails={"m": {"blobId": blob, "mailboxIds": {mailbox: True}, "keywords": keywords or {}}},
        )
        assert result.get("created"), result
        return result["created"]["m"]

    def events(self, types="*", closeafter="no", ping="0"):
        return Events(self, types, closeafter, ping)


class Events:
    """The event stream, read by a thread; `states` grows as changes come."""

    def __init__(self, jmap, types, closeafter, ping):
        address = jmap.absolute(jmap.session["eventSourceUrl"])
        for key, value in {"types": types, "closeafter": closeafter, "ping": ping}.items():
            address = address.replace("{%s}" % key, requests.utils.quote(value, safe=""))
        place = urllib.parse.urlsplit(address)
        name, password = jmap.http.auth
        # Not by `requests`: closing its stream waits for the reader, and the reader for the server.
        self.connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
        self.connection.request("GET", f"{place.path}?{place.query}", headers={
            "Authorization": "Basic " + base64.b64encode(name + b":" + password).decode(), "Accept": "text/event-stream"})
        self.socket = self.connection.sock
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.read()
        self.states, self.pings = [], []
        self.ended = False
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        kind, data = None, []
        try:
            while line := self.answer.readline():
                line = line.rstrip(b"\r\n")
                if line.startswith(b"event:"):
                    kind = line[6:].strip()
                elif line.startswith(b"data:"):
                    data.append(line[5:].strip())
                elif not line and data:
                    (self.states if kind == b"state" else self.pings).append(json.loads(b"\n".join(data)))
                    kind, data = None, []
        except (OSError, ValueError, http.client.HTTPException):
            pass  # closed, by us or by the server; what was read stands
        self.ended = True

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the server was quicker
        self.thread.join(5)
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
