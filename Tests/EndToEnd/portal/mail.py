"""Mail from outside: messages, a foreign server that receives, a conversation line by line."""

import itertools
import re
import smtplib
import socket
import ssl
import subprocess

from aiosmtpd.controller import Controller

COUNTER = itertools.count(1)
TRACE = (b"return-path:", b"received:", b"delivered-to:", b"x-original-to:")


def message(subject, sender="stranger@foreign.test", to="someone@demo.test", text="Good morning.\r\n", **headers):
    """A small message as bytes; `headers` come first."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += [f"From: {sender}", f"To: {to}", f"Subject: {subject}", "Date: Mon, 02 Mar 2026 10:00:00 +0000"]
    if "Message_ID" not in headers:
        lines.append(f"Message-ID: <{next(COUNTER)}.e2e@foreign.test>")
    return ("\r\n".join(lines) + "\r\n\r\n" + text).encode()


def canonical(content):
    """The same text with CRLF line ends throughout, as every MTA makes it before it speaks SMTP."""
    return re.sub(rb"\r\n|\r|\n", b"\r\n", content)


def without_trace(content):
    """A delivered message without the trace fields that the server wrote on top."""
    rest = content
    while rest.lower().startswith(TRACE):
        end = re.search(rb"\r\n(?![ \t])", rest)
        rest = rest[end.end():]
    return rest


def send(port, sender, recipients, content, **options):
    """One transaction by smtplib; options go to `sendmail`."""
    with smtplib.SMTP("127.0.0.1", port, local_hostname="client.foreign.test", timeout=20) as client:
        recipients = [recipients] if isinstance(recipients, str) else recipients
        return client.sendmail(sender, recipients, content, **options)


class LMTP(smtplib.LMTP):
    """smtplib's LMTP over TCP; `deliver` returns the server's answer for each recipient."""

    def __init__(self, port):
        super().__init__("127.0.0.1", port, local_hostname="mta.demo.test", timeout=30)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.ehlo()

    def deliver(self, sender, recipients, content):
        self.mail(sender, ["BODY=8BITMIME"] if self.has_extn("8bitmime") else [])
        accepted = [each for each in recipients if self.rcpt(each)[0] == 250]
        code, reply = self.docmd("DATA")
        assert code == 354, (code, reply)
        dotted = re.sub(rb"(?m)^\.", b"..", content)
        self.sock.sendall(dotted + (b"" if dotted.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        return {each: self.getreply() for each in accepted}


class Line:
    """A conversation by hand: what is sent is sent exactly so."""

    def __init__(self, port, greet=True):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.file = self.socket.makefile("rb")
        if greet:
            assert self.reply()[0] == 220

    @classmethod
    def over(cls, connection):
        """The same over a socket that is connected already."""
        line = cls.__new__(cls)
        line.socket, line.file = connection, connection.makefile("rb")
        return line

    def send(self, content):
        self.socket.sendall(content)

    def reply(self):
        """(code, lines); (0, []) when the server has closed the connection."""
        lines = []
        while True:
            line = self.file.readline()
            if not line:
                return 0, lines
            lines.append(line[4:].rstrip(b"\r\n"))
            if line[3:4] != b"-":
                return int(line[:3]), lines

    def say(self, command):
        self.send(command.encode() + b"\r\n" if isinstance(command, str) else command)
        return self.reply()

    def start_tls(self):
        assert self.say("STARTTLS")[0] == 220
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket)
        self.file = self.socket.makefile("rb")

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class ForeignServer:
    """Somebody else's SMTP server: keeps what it gets, or answers what it is told to."""

    def __init__(self, port):
        self.port = port
        self.received = []
        self.answers = []
        self.controller = None

    def start(self):
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port, server_hostname="mx.foreign.test")
        self.controller.start()
        return self

    def stop(self):
        if self.controller is not None:
            self.controller.stop()
            self.controller = None

    # aiosmtpd calls these.
    async def handle_RCPT(self, server, session, envelope, address, options):
        refusal = next((reply for match, reply in self.answers if match in address), None)
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        self.received.append(envelope)
        return "250 2.0.0 Kept"

    def to(self, address):
        """The envelopes that named this recipient."""
        return [envelope for envelope in self.received if address in envelope.rcpt_tos]


def swaks(*arguments, check=True):
    """Runs swaks; returns the finished process, its dialogue in `stdout`."""
    done = subprocess.run(["swaks", *map(str, arguments)], capture_output=True, text=True, timeout=60)
    if check and done.returncode != 0:
        raise AssertionError(f"swaks ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done
