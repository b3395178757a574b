"""Other people's mail servers, with TLS or with bad manners."""

import http.server
import socket
import ssl
import subprocess
import threading

from aiosmtpd.controller import Controller


class Authority:
    """A certificate authority of a test's own, by openssl."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.certificate = folder / "ca.pem"
        self._openssl(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "ca.key", "-out", self.certificate, "-days", "30",
            "-subj", "/CN=Test authority", "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def _openssl(self, *arguments):
        return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True).stdout

    def issue(self, name, names=None):
        """(chain file with the authority's certificate behind, key file) for a host name, or for several."""
        chain, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        request, leaf, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.leaf", self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={names or 'DNS:' + name}\nbasicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth\n")
        self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        self._openssl(
            "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.folder / "ca.key", "-CAcreateserial", "-days", "20",
            "-out", leaf, "-extfile", extensions)
        chain.write_bytes(leaf.read_bytes() + self.certificate.read_bytes())
        return chain, key

    def digest(self, certificate, selector):
        """SHA-256 of a certificate (selector 0) or of its key (1), as TLSA has it."""
        import hashlib

        if selector == 0:
            der = self._openssl("x509", "-in", certificate, "-outform", "DER")
        else:
            public = self._openssl("x509", "-in", certificate, "-noout", "-pubkey")
            der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=public, check=True, capture_output=True).stdout
        return hashlib.sha256(der).hexdigest()


def context(chain, key):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(chain, key)
    return tls


class SecureServer:
    """An SMTP server on an address of loopback that offers STARTTLS, if it has a certificate; keeps (envelope, was it TLS)."""

    def __init__(self, host, port, certificate=None):
        self.received = []
        tls = context(*certificate) if certificate else None
        self.controller = Controller(self, hostname=host, port=port, server_hostname="mx.test", tls_context=tls)

    def start(self):
        self.controller.start()
        return self

    def stop(self):
        self.controller.stop()

    async def handle_DATA(self, server, session, envelope):
        self.received.append((envelope, session.ssl is not None))
        return "250 2.0.0 Kept"

    def to(self, address):
        return [tls for envelope, tls in self.received if address in envelope.rcpt_tos]


class PolicyServer:
    """Says MTA-STS policies over HTTPS: `policies` is by host name."""

    def __init__(self, port, certificate):
        self.policies = {}
        self.asked = 0
        peer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                peer.asked += 1
                policy = peer.policies.get(self.headers["Host"].split(":")[0])
                if policy is None or self.path != "/.well-known/mta-sts.txt":
                    self.send_error(404)
                    return
                body = policy.encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.socket = context(*certificate).wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class RudeServer:
    """Speaks SMTP by hand, one thread a connection; `manner(talk)` says how. Counts connections, keeps whole messages."""

    def __init__(self, host, port, manner):
        self.manner = manner
        self.connections = 0
        self.messages = []
        self.socket = socket.create_server((host, port), backlog=64)
        self.open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            self.open.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        talk = Talk(client, self)
        try:
            self.manner(talk)
        except (OSError, EOFError):
            pass
        finally:
            client.close()

    def stop(self):
        self.socket.close()
        for client in self.open:
            client.close()


class Talk:
    """One connection of a rude server."""

    def __init__(self, client, server):
        self.client, self.server = client, server
        self.file = client.makefile("rb")
        self.number = server.connections

    def say(self, text):
        self.client.sendall(text.encode() + b"\r\n")

    def hear(self):
        line = self.file.readline()
        if not line:
            raise EOFError
        return line.decode().strip()

    def envelope(self, extensions=()):
        """Greets and takes commands up to DATA, not answered yet; returns the recipients."""
        self.say("220 rude.test")
        recipients = []
        while True:
            line = self.hear()
            verb = line[:4].upper()
            if verb == "EHLO":
                lines = ["rude.test", *extensions]
                for each in lines[:-1]:
                    self.say(f"250-{each}")
                self.say(f"250 {lines[-1]}")
            elif verb == "DATA":
                return recipients
            elif verb == "QUIT":
                self.say("221 Bye")
                raise EOFError
            else:
                if verb == "RCPT":
                    recipients.append(line[line.index("<") + 1:line.index(">")])
                self.say("250 OK")

    def message(self):
        """The message up to its dot."""
        lines = []
        while True:
            line = self.file.readline()
            if not line:
                raise EOFError
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line)

    def take(self, recipients):
        self.say("354 Go")
        self.server.messages.append((recipients, self.message()))
        self.say("250 Taken")
