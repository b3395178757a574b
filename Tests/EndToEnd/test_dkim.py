"""What leaves is signed so that another implementation (dkimpy) believes it, by the keys that `domain dns` says to publish."""

import smtplib
import socket
import threading

import dkim
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
import requests

from portal.mail import canonical, message
from portal.rspamd import Rspamd
from portal.waiting import until
from test_mail_out import compose


@pytest.fixture(scope="module")
def records(server):
    """The TXT records of demo.test, as dkimpy asks for them."""
    rows = server.json("domain", "dns", "demo.test")
    texts = {row["name"].encode() + b".": row["value"].encode() for row in rows if row["type"] == "TXT"}
    return lambda name, timeout=5: texts.get(name)


def verify(content, records, expected=2):
    """Fails unless every signature of the message is good, RSA and Ed25519."""
    count = sum(1 for name, _ in dkim.DKIM(content).headers if name.lower() == b"dkim-signature")
    assert count == expected, content[:600]
    algorithms = set()
    for index in range(count):
        check = dkim.DKIM(content)
        assert check.verify(idx=index, dnsfunc=records), (index, content[:3000])
        algorithms.add(check.signature_fields[b"a"])
        assert check.signature_fields[b"d"] == b"demo.test"
    assert not expected or algorithms == {b"rsa-sha256", b"ed25519-sha256"}


def submit(account, port, recipient, content):
    with smtplib.SMTP("127.0.0.1", port, local_hostname="client.test", timeout=30) as client:
        client.login(account.address, account.password)
        client.sendmail(account.address, [recipient], content, ["BODY=8BITMIME"])


def test_the_records_to_publish_are_shown(server):
    rows = {(row["name"], row["type"]): row["value"] for row in server.json("domain", "dns", "demo.test")}
    assert rows[("demo.test", "MX")] == "10 mail.demo.test"
    assert rows[("mp-rsa._domainkey.demo.test", "TXT")].startswith("v=DKIM1; k=rsa; p=")
    assert rows[("mp-ed25519._domainkey.demo.test", "TXT")].startswith("v=DKIM1; k=ed25519; p=")
    assert rows[("_dmarc.demo.test", "TXT")].startswith("v=DMARC1;")
    text = server.run("domain", "dns", "demo.test").stdout.decode()
    assert all(len(part) <= 255 for line in text.splitlines() for part in line.split('"')[1::2])
    assert (server.data / "dkim/demo.test/mp-rsa.pem").stat().st_mode & 0o777 == 0o600


def test_the_policy_that_the_records_announce_is_there(server):
    """RFC 8461, for our own domains: the other side of test_transport_security.py."""
    def policy(host):
        return requests.get(f"{server.url}/.well-known/mta-sts.txt", headers={"Host": host}, timeout=10)

    answer = policy("mta-sts.demo.test")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain")
    # Without a certificate of an authority nobody may insist on one.
    assert answer.text.splitlines() == ["version: STSv1", "mode: testing", "mx: mail.demo.test", "max_age: 604800"]
    assert policy("mta-sts.foreign.test").status_code == 404 and policy("demo.test").status_code == 404


def test_mail_of_the_webmail_is_signed(account, foreign, records):
    recipient = f"signed.{account.local}@foreign.test"
    compose(
        account.jmap, account.address, [recipient], "Grüße – with  two  spaces", text="Line  one \n\n trailing \t\n\n\n",
        bcc=[{"email": f"hidden.{account.local}@foreign.test"}])
    content = until(lambda: foreign.to(recipient), 15, "the arrival")[0].content
    verify(content, records)
    # Oversigned: another Subject in front makes it false.
    with pytest.raises(AssertionError):
        verify(b"Subject: Something else\r\n" + content, records)


def test_submitted_mail_is_signed_whatever_its_body(server, account, foreign, records, corpora):
    bodies = []
    for path in sorted((corpora / "mail").rglob("*")):
        if path.is_file() and path.stat().st_size < 200_000:
            content = canonical(path.read_bytes())
            if b"\r\n\r\n" in content:
                bodies.append(content.split(b"\r\n\r\n", 1)[1])
    assert len(bodies) > 50
    step = max(1, len(bodies) // 60)
    odd = [b"", b"\r\n", b"\r\n\r\n", b" \t\r\n", b".\r\n..\r\n", b"no end", b"a  b\t\tc \r\n\r\n \r\n", "Ümläut\r\n".encode("latin-1")]
    chosen = odd + bodies[::step]
    for number, body in enumerate(chosen):
        recipient = f"body{number}.{account.local}@foreign.test"
        header = f"From: {account.address}\r\nTo: {recipient}\r\nSubject: Body {number}\r\n\r\n".encode()
        submit(account, server.submission, recipient, header + body)
    for number in range(len(chosen)):
        recipient = f"body{number}.{account.local}@foreign.test"
        verify(until(lambda: foreign.to(recipient), 30, f"body {number}")[0].content, records)


def test_a_forward_of_foreign_mail_is_not_signed_and_its_own_signature_lives(server, foreign, records):
    recipient = "forwarded@foreign.test"
    server.run("alias", "add", "onward@demo.test", recipient)
    key = (server.data / "dkim/demo.test/mp-rsa.pem").read_bytes()
    content = message("Signed elsewhere", sender="ann@elsewhere.test", to="onward@demo.test")
    signature = dkim.sign(content, b"sel", b"elsewhere.test", key, include_headers=[b"from", b"to", b"subject"])

    def sent():
        with smtplib.SMTP("127.0.0.1", server.mx, local_hostname="client.test", timeout=20) as client:
            client.ehlo()
            client.mail("ann@elsewhere.test")
            if client.rcpt("onward@demo.test")[0] != 250:
                return False
            return client.data(signature + content)[0] == 250

    until(sent, what="the alias being known")
    got = until(lambda: foreign.to(recipient), 15, "the arrival")[0].content
    record = records(b"mp-rsa._domainkey.demo.test.")
    check = dkim.DKIM(got)
    assert sum(1 for name, _ in check.headers if name.lower() == b"dkim-signature") == 1
    assert check.verify(dnsfunc=lambda name, timeout=5: record)


def test_a_report_to_the_outside_is_signed(server, foreign, records):
    """A message that is refused behind a forward makes a report of ours to its sender."""
    recipient = "signedvoid@foreign.test"
    foreign.answers.append((recipient, "550 5.1.1 No"))
    server.run("alias", "add", "tosignedvoid@demo.test", recipient)
    sender = "reported@foreign.test"

    def sent():
        with smtplib.SMTP("127.0.0.1", server.mx, local_hostname="client.test", timeout=20) as client:
            client.ehlo()
            client.mail(sender)
            return client.rcpt("tosignedvoid@demo.test")[0] == 250 and client.data(message("To be refused"))[0] == 250

    until(sent, what="the alias being known")
    report = until(lambda: foreign.to(sender), 15, "the report")[0]
    assert report.mail_from in ("", "<>", None)
    assert b"multipart/report" in report.content
    verify(report.content, records)


class TextRecords:
    """A name server on loopback that knows some TXT records, and no other name."""

    def __init__(self, find):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, args=(find,), daemon=True).start()

    def _serve(self, find):
        while True:
            question, client = self.socket.recvfrom(4096)
            query = dns.message.from_wire(question)
            name = query.question[0].name
            answer = dns.message.make_response(query)
            text = find(name.to_text().encode())
            if text is None:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            elif query.question[0].rdtype == dns.rdatatype.TXT:
                parts = " ".join(f'"{text.decode()[at:at + 250]}"' for at in range(0, len(text), 250))
                answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", parts))
            self.socket.sendto(answer.to_wire(), client)


def test_rspamd_believes_our_signatures(account, foreign, records, tmp_path):
    recipient = f"rspamd.{account.local}@foreign.test"
    compose(account.jmap, account.address, [recipient], "For another judge", text="Good morning.\n")
    content = until(lambda: foreign.to(recipient), 15, "the arrival")[0].content
    rspamd = Rspamd(tmp_path, dns_port=TextRecords(records).port)
    try:
        found = rspamd.start().scan(content, ip="192.0.2.7")["symbols"]
        assert sorted(found["R_DKIM_ALLOW"]["options"]) == ["demo.test:s=mp-ed25519", "demo.test:s=mp-rsa"], found.keys()
        spoilt = rspamd.scan(content.replace(b"Good morning.", b"Good evening."), ip="192.0.2.7")["symbols"]
        assert "R_DKIM_REJECT" in spoilt and "R_DKIM_ALLOW" not in spoilt
    finally:
        rspamd.stop()
