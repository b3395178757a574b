"""Where mail goes: a network of servers on loopback. A is ours; B shares split.test with it, R is the server of relayed.test,
C and D are strangers. Each has an address of its own; names are those of a zone file."""

import itertools
import re
import smtplib
import ssl
import subprocess
import time

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from portal.mail import LMTP, message, swaks
from portal.server import PASSWORD, Server
from portal.waiting import free_ports, until

NUMBER = itertools.count(1)
ZONE = """strange.test. 60 IN MX 10 mx.strange.test.
mx.strange.test. 60 IN A 127.0.0.3
circle.test. 60 IN MX 10 mx.circle.test.
mx.circle.test. 60 IN A 127.0.0.4
b.named.test. 60 IN A 127.0.0.2
r.named.test. 60 IN A 127.0.0.5
r.named.test. 60 IN MX 10 mx.strange.test.
self.named.test. 60 IN A 127.0.0.1
"""


class Peer:
    """A server of somebody else: keeps what it gets, knows whom it was asked about, answers what it is told to."""

    def __init__(self, host, port, **options):
        self.host, self.port, self.options = host, port, options
        self.received, self.asked, self.answers, self.clients = [], [], {}, []
        self.on_message = None
        self.controller = None

    def start(self):
        self.controller = Controller(self, hostname=self.host, port=self.port, server_hostname=self.host, **self.options)
        self.controller.start()
        return self

    def stop(self):
        if self.controller is not None:
            self.controller.stop()
            self.controller = None

    async def handle_RCPT(self, server, session, envelope, address, options):
        envelope.mail_from = envelope.mail_from.replace("<>", "")
        self.asked.append((envelope.mail_from, address))
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        envelope.tls, envelope.user = session.ssl is not None, getattr(session, "auth_data", None)
        self.received.append(envelope)
        if self.on_message:
            return self.on_message(envelope) or "250 2.0.0 Kept"
        return "250 2.0.0 Kept"

    def to(self, address):
        return [envelope for envelope in self.received if address in envelope.rcpt_tos]


class Network:
    def __init__(self, directory):
        self.a = Server(directory, records=ZONE)
        self.b = Peer("127.0.0.2", free_ports(1)[0]).start()
        self.r = Peer("127.0.0.5", free_ports(1)[0]).start()
        self.c = Peer("127.0.0.3", self.a.outbound).start()
        self.d = Peer("127.0.0.4", self.a.outbound).start()
        a = self.a
        for name in ("demo.test", "split.test"):
            a.run("domain", "add", name, "--verified")
        a.run("domain-alias", "add", "alias.test", "demo.test", "--verified")
        a.run("relay-domain", "add", "relayed.test", f"r.named.test:{self.r.port}", "--verified")
        a.run("domain", "set", "split.test", "--sdr", f"b.named.test:{self.b.port}")
        a.add_account("boss@demo.test", "--role", "masterAdmin")
        for address in ("alice@demo.test", "bob@demo.test", "dora@split.test"):
            a.add_account(address)
        a.add_account("off@split.test")
        a.run("account", "disable", "off@split.test")
        a.add_account("full@split.test", "--quota", "2000")
        a.start()

    def account(self, address):
        from portal.server import Account
        return Account(self.a, address, PASSWORD)

    def stop(self):
        self.a.stop()
        for peer in (self.b, self.c, self.d, self.r):
            peer.stop()


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    network = Network(tmp_path_factory.mktemp("routes"))
    yield network
    network.stop()


def mark():
    return f"Route {next(NUMBER)}.{time.monotonic_ns()}"


def rcpt(server, recipient, sender="ann@strange.test", port=None, login=None):
    """What RCPT says, as text."""
    with smtplib.SMTP("127.0.0.1", port or server.mx, local_hostname="client.strange.test", timeout=60) as client:
        client.ehlo()
        if login:
            client.login(*login)
        code, text = client.mail(sender)
        assert code == 250, text
        code, text = client.rcpt(recipient)
        return f"{code} {text.decode()}"


def send(server, recipients, content, sender="ann@strange.test", login=None, port=None):
    with smtplib.SMTP("127.0.0.1", port or (server.submission if login else server.mx), local_hostname="client.strange.test", timeout=60) as client:
        client.ehlo()
        if login:
            client.login(*login)
        return client.sendmail(sender, [recipients] if isinstance(recipients, str) else recipients, content)


def mailed(net, recipient, **options):
    """Sends a message of its own to the recipient; returns (subject, bytes)."""
    subject = mark()
    content = message(subject, to=recipient)
    send(net.a, recipient, content, **options)
    return subject, content


def has(net, person, subject):
    return until(lambda: net.account(person).jmap.find(subject), 10, f"{subject} at {person}")


def known(net, recipient, code="250", **options):
    """The server follows what the command line wrote within a second."""
    return until(lambda: (reply := rcpt(net.a, recipient, **options)).startswith(code) and reply, 5, f"{code} for {recipient}")


def settled(net):
    until(lambda: not net.a.json("queue", "list"), 15, "the empty queue")


# Domain aliases, details, catch-all


@pytest.mark.parametrize("recipient", ["alice@demo.test", "ALICE@Demo.Test", "alice+x@demo.test", "alice@alias.test", "alice+x@ALIAS.test"])
def test_an_address_in_all_its_forms_reaches_its_mailbox(net, recipient):
    subject, _ = mailed(net, recipient)
    assert len(has(net, "alice@demo.test", subject)) == 1


def test_an_address_set_at_the_alias_domain_wins(net):
    net.a.run("alias", "add", "carol@alias.test", "bob@demo.test")
    known(net, "carol@alias.test")
    subject, _ = mailed(net, "carol+x@alias.test")
    has(net, "bob@demo.test", subject)
    assert rcpt(net.a, "carol@demo.test").startswith("550 5.1.1")


def test_unknown_addresses_are_refused_and_a_catch_all_takes_them(net):
    assert rcpt(net.a, "nobody@alias.test") == "550 5.1.1 No such user here"
    net.a.run("domain", "add", "catch.test", "--verified")
    off = net.a.add_account("off@catch.test")
    net.a.run("domain", "set", "catch.test", "--catch-all", "bob@demo.test")
    known(net, "whoever@catch.test")
    subject, _ = mailed(net, "whoever@catch.test")
    has(net, "bob@demo.test", subject)
    net.a.run("account", "disable", off.address)
    known(net, off.address, "550 5.2.1")
    assert net.a.run("domain", "set", "catch.test", "--sdr", f"b.named.test:{net.b.port}", check=False).returncode != 0


def test_postmaster_and_abuse_always_resolve(net):
    for recipient in ("postmaster@demo.test", "abuse@alias.test", "postmaster@split.test"):
        subject, _ = mailed(net, recipient)
        has(net, "boss@demo.test", subject)


# Aliases and forwards


def test_an_alias_gives_one_copy_each_and_keeps_one_when_it_names_itself(net):
    net.a.run("alias", "add", "team@demo.test", "alice@demo.test", "alice+x@demo.test", "alice@alias.test", "bob@demo.test")
    self_naming = net.a.fresh_account("keeper")
    net.a.run("alias", "add", self_naming.address, self_naming.address, "keeper@strange.test")
    net.a.run("alias", "add", "all@demo.test", "team@demo.test", self_naming.address)
    known(net, "all@demo.test")
    subject, _ = mailed(net, "all@demo.test")
    for person in ("alice@demo.test", "bob@demo.test", self_naming.address):
        assert len(has(net, person, subject)) == 1
    until(lambda: net.c.to("keeper@strange.test"), 10, "the forwarded copy")
    settled(net)
    assert len([each for each in net.c.to("keeper@strange.test") if subject.encode() in each.content]) == 1


def test_circles_are_refused_when_saved(net):
    net.a.run("alias", "add", "one@demo.test", "two@demo.test")
    assert net.a.run("alias", "add", "two@demo.test", "one@demo.test", check=False).returncode != 0
    assert net.a.run("alias", "add", "two@demo.test", "one@alias.test", check=False).returncode != 0
    assert net.a.run("domain-alias", "add", "second.test", "alias.test", "--verified", check=False).returncode != 0
    assert net.a.run("domain-alias", "add", "second.test", "relayed.test", "--verified", check=False).returncode != 0
    assert net.a.run("domain", "set", "split.test", "--catch-all", "alice@demo.test", check=False).returncode != 0


def test_a_pending_domain_takes_and_sends_nothing(net):
    net.a.run("domain", "add", "pending.test")
    net.a.run("domain-alias", "add", "pending-alias.test", "demo.test")
    net.a.run("relay-domain", "add", "pending-relay.test", f"r.named.test:{net.r.port}")
    time.sleep(1.5)
    for recipient in ("alice@pending.test", "postmaster@pending.test", "alice@pending-alias.test", "x@pending-relay.test"):
        assert rcpt(net.a, recipient).startswith("550 5.7.1"), recipient
    assert not can_send_as(net, "alice@pending-alias.test", ("alice@demo.test", PASSWORD))


def test_a_forward_keeps_the_bytes_and_gets_a_return_path_that_leads_back(net):
    net.a.run("alias", "add", "away@demo.test", "away@strange.test", "bob@demo.test")
    known(net, "away@demo.test")
    subject = mark()
    content = message(subject, text=".dot\r\n..dots\r\ntrailing  \r\n\r\nümlaut\tand =3D\r\n", DKIM_Signature="v=1; a=rsa-sha256;\r\n\tb=AbC=")
    send(net.a, "away@demo.test", content, sender="Ann.B+list@strange.test")
    got = until(lambda: net.c.to("away@strange.test"), 10, "the forward")[0]
    assert got.content.endswith(content)
    has(net, "bob@demo.test", subject)
    path = got.mail_from
    assert re.fullmatch(r"SRS0=[a-z2-7]{8}=[a-z2-7]{2}=strange\.test=Ann\.B\+list@demo\.test", path)
    # A bounce goes back to where the message came from, from nobody.
    bounce = message(mark(), to=path)
    send(net.a, path.lower(), bounce, sender="")
    back = until(lambda: net.c.to("ann.b+list@strange.test"), 10, "the bounce")[0]
    assert back.mail_from == "" and back.content.endswith(bounce)
    for forged in (path.replace("Ann", "Eve"), path.replace("SRS0=", "SRS0=a", 1), "SRS0=aaaaaaaa=aa=strange.test=eve@demo.test"):
        assert rcpt(net.a, forged, sender="").startswith("550 5.1.1")


def test_our_own_senders_and_null_stay_as_they_are_in_forwards(net):
    net.a.run("alias", "add", "onward@demo.test", "onward@strange.test")
    known(net, "onward@demo.test")
    send(net.a, "onward@demo.test", message(mark(), sender="alice@demo.test"), sender="alice@demo.test", login=("alice@demo.test", PASSWORD))
    send(net.a, "onward@demo.test", message(mark()), sender="")
    until(lambda: sorted(each.mail_from for each in net.c.to("onward@strange.test")) == ["", "alice@demo.test"], 10, "both forwards")


def test_a_forward_that_is_refused_tells_the_original_sender(net):
    net.c.answers["closed@strange.test"] = "550 5.1.1 Closed"
    net.a.run("alias", "add", "closed@demo.test", "closed@strange.test")
    known(net, "closed@demo.test")
    send(net.a, "closed@demo.test", message(mark()), sender="teller@strange.test")
    report = until(lambda: net.c.to("teller@strange.test"), 15, "the report")[0]
    assert report.mail_from == "" and b"multipart/report" in report.content and b"Closed" in report.content
    settled(net)
    assert len(net.c.to("teller@strange.test")) == 1


def test_what_another_forwarder_has_rewritten_leads_back_through_it(net):
    net.a.run("alias", "add", "chain@demo.test", "chain@strange.test")
    known(net, "chain@demo.test")
    first = "SRS0=xyzw=ab=origin.test=ann@strange.test"
    send(net.a, "chain@demo.test", message(mark()), sender=first)
    path = until(lambda: net.c.to("chain@strange.test"), 10, "the forward")[0].mail_from
    assert re.fullmatch(r"SRS1=[a-z2-7]{8}=strange\.test==xyzw=ab=origin\.test=ann@demo\.test", path)
    send(net.a, path, message(mark()), sender="")
    assert until(lambda: net.c.to(first), 10, "the bounce at the first forwarder")[0].mail_from == ""


def test_a_pipe_takes_the_same_ways(net):
    net.a.run("alias", "add", "piped@demo.test", "piped@strange.test", "bob@demo.test")
    subject = mark()
    net.a.run("deliver", "piped@demo.test", "--from", "ann@strange.test", input=message(subject))
    has(net, "bob@demo.test", subject)
    assert until(lambda: net.c.to("piped@strange.test"), 10, "the forward")[0].mail_from.startswith("SRS0=")
    net.a.run("deliver", "piped@split.test", "--from", "ann@strange.test", input=message(mark()))
    assert until(lambda: net.b.to("piped@split.test"), 10, "the message at B")[0].mail_from == "ann@strange.test"


def test_names_in_other_scripts_are_one_name(net):
    net.a.run("domain", "add", "bücher.test", "--verified")
    net.a.run("alias", "add", "info@bücher.test", "bob@demo.test")
    known(net, "info@xn--bcher-kva.test")
    assert rcpt(net.a, "INFO@XN--BCHER-KVA.TEST").startswith("250")
    with smtplib.SMTP("127.0.0.1", net.a.mx, timeout=30) as client:
        client.ehlo()
        client.command_encoding = "utf-8"
        assert client.mail("ann@strange.test", ["SMTPUTF8"])[0] == 250
        assert client.rcpt("info@BÜCHER.test")[0] == 250


# Relay domains


def test_mail_for_a_relay_domain_goes_to_its_host_and_never_to_the_hosts_mx(net):
    subject, content = mailed(net, "anyone+x@relayed.test")
    got = until(lambda: net.r.to("anyone+x@relayed.test"), 10, "the relayed message")[0]
    assert got.mail_from == "ann@strange.test" and got.content.endswith(content)
    assert ("", "anyone+x@relayed.test") in net.r.asked, "the recipient was asked for first"
    assert not [each for each in net.c.received if subject.encode() in each.content]
    net.r.answers["nobody@relayed.test"] = "550 5.1.1 Not here"
    assert rcpt(net.a, "nobody@relayed.test").startswith("550 5.1.1")


# Split domain routing


def test_what_a_does_not_know_goes_to_b_with_its_envelope(net):
    subject, content = mailed(net, "emil@split.test")
    got = until(lambda: net.b.to("emil@split.test"), 10, "the message at B")[0]
    assert got.mail_from == "ann@strange.test" and got.rcpt_tos == ["emil@split.test"] and got.content.endswith(content)
    assert b"X-Mail-Portal-Route: split.test" in got.content
    subject, _ = mailed(net, "dora@split.test")
    has(net, "dora@split.test", subject)
    assert not net.b.to("dora@split.test") and not [each for each in net.b.asked if "dora" in each[1]]


def test_bs_answers_become_ours_and_are_remembered(net):
    net.b.answers["gone@split.test"] = "550 5.1.1 Never heard of"
    net.b.answers["busy@split.test"] = "451 4.3.0 Busy"
    for _ in range(3):
        assert rcpt(net.a, "gone@split.test").startswith("550 5.1.1")
        assert rcpt(net.a, "frieda@split.test").startswith("250")
    assert net.b.asked.count(("", "gone@split.test")) == 1
    assert net.b.asked.count(("", "frieda@split.test")) == 1
    assert rcpt(net.a, "busy@split.test").startswith("450")
    # Over LMTP each recipient has its answer.
    with LMTP(net.a.lmtp) as client:
        client.mail("ann@strange.test")
        assert [client.rcpt(each)[0] for each in ("gone@split.test", "dora@split.test", "frieda@split.test")] == [550, 250, 250]


def test_a_disabled_or_full_account_never_falls_through_to_b(net):
    assert rcpt(net.a, "off@split.test").startswith("550 5.2.1")
    assert rcpt(net.a, "off+x@split.test").startswith("550 5.2.1")
    with pytest.raises(smtplib.SMTPDataError) as refusal:
        send(net.a, "full@split.test", message(mark(), text="x" * 70 + "\r\n" * 2000))
    assert refusal.value.smtp_code == 452 and refusal.value.smtp_error.startswith(b"4.2.2")
    assert not [each for each in net.b.asked if each[1].startswith(("off", "full"))]


def test_our_users_reach_their_colleagues_on_b_by_submission_and_by_jmap(net):
    login = ("dora@split.test", PASSWORD)
    send(net.a, "gerd@split.test", message(mark(), sender="dora@split.test"), sender="dora@split.test", login=login)
    got = until(lambda: net.b.to("gerd@split.test"), 10, "the message at B")[0]
    assert got.mail_from == "dora@split.test"
    assert rcpt(net.a, "gone2@split.test", sender="dora@split.test", port=net.a.submission, login=login).startswith("250")
    swaks("--server", f"127.0.0.1:{net.a.submission}", "--tls", "--auth", "PLAIN", "--auth-user", login[0], "--auth-password", login[1],
          "--from", "dora@split.test", "--to", "someone@relayed.test", "--header", "Subject: By swaks")
    until(lambda: net.r.to("someone@relayed.test"), 10, "the message at R")
    net.b.answers["gone3@split.test"] = "550 5.1.1 Never heard of"
    assert rcpt(net.a, "gone3@split.test", sender="dora@split.test", port=net.a.submission, login=login).startswith("550 5.1.1")
    dora = net.account("dora@split.test")
    assert submit(dora, "dora@split.test", ["hilde@split.test"])["created"]
    until(lambda: net.b.to("hilde@split.test"), 10, "the JMAP message at B")
    refused = submit(dora, "dora@split.test", ["hilde@split.test", "gone3@split.test"])["notCreated"]["s"]
    assert refused["type"] == "invalidRecipients" and refused["invalidRecipients"] == ["gone3@split.test"]


def test_an_alias_with_a_member_on_b(net):
    net.a.run("alias", "add", "both@demo.test", "alice@demo.test", "ida@split.test")
    known(net, "both@demo.test")
    subject, _ = mailed(net, "both@demo.test")
    has(net, "alice@demo.test", subject)
    assert until(lambda: net.b.to("ida@split.test"), 10, "the message at B")[0].mail_from == "ann@strange.test"


def test_b_being_down(net):
    known(net, "kept@split.test")
    net.b.stop()
    try:
        assert rcpt(net.a, "unasked@split.test").startswith("450 4.4.1")
        # Who was known to be there is accepted and queued; so is what our own users send.
        subject, _ = mailed(net, "kept@split.test")
        send(net.a, "later@split.test", message(mark(), sender="dora@split.test"), sender="dora@split.test", login=("dora@split.test", PASSWORD))
        net.a.run("alias", "add", "mixed@demo.test", "alice@demo.test", "jana@split.test")
        known(net, "mixed@demo.test")
        began = time.monotonic()
        subject, _ = mailed(net, "mixed@demo.test")
        has(net, "alice@demo.test", subject)
        assert time.monotonic() - began < 10, "local delivery does not wait for B"
    finally:
        net.b.start()
    until(lambda: all(each["recipients"][0]["attempts"] for each in net.a.json("queue", "list")), 10, "the first attempts")
    net.a.run("queue", "retry", "all")
    for recipient in ("kept@split.test", "later@split.test", "jana@split.test"):
        assert len(until(lambda: net.b.to(recipient), 15, f"{recipient} at B")) == 1
    settled(net)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=b.named.test",
         "-addext", "subjectAltName=DNS:b.named.test", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def test_required_tls_and_credentials(net, certificate):
    net.a.run("domain", "add", "secure.test", "--verified")
    port = free_ports(1)[0]
    given = []

    def authenticate(server, session, envelope, mechanism, data):
        given.append((mechanism, data.login, data.password, session.ssl is not None))
        return AuthResult(success=(data.login, data.password) == (b"us", b"secret word"))

    plain = Peer("127.0.0.2", port).start()
    try:
        net.a.run("domain", "set", "secure.test", "--sdr", f"b.named.test:{port}", "--sdr-tls", "required",
                  "--sdr-user", "us", "--sdr-password-stdin", input="secret word\n")
        known(net, "karl@secure.test", "450")
        assert not plain.asked, "nothing is said in clear"
    finally:
        plain.stop()
    safe = Peer("127.0.0.2", port, tls_context=certificate, require_starttls=True, auth_required=True, authenticator=authenticate).start()
    try:
        known(net, "karl@secure.test")
        mailed(net, "karl@secure.test")
        got = until(lambda: safe.to("karl@secure.test"), 10, "the message under TLS")[0]
        assert got.tls and set(given) == {("PLAIN", b"us", b"secret word", True)}
    finally:
        safe.stop()


# Senders


def test_submission_checks_who_one_says_to_be(net):
    net.a.run("sender", "add", "sales@demo.test", "alice@demo.test")
    login = ("alice@demo.test", PASSWORD)
    allowed = ["alice@demo.test", "alice+shop@demo.test", "alice@alias.test", "alice+shop@alias.test", "sales@demo.test"]
    until(lambda: can_send_as(net, "sales@demo.test", login), 5, "the granted address")
    for sender in allowed:
        send(net.a, "bob@demo.test", message(mark(), sender=sender), sender=sender, login=login)
    net.a.run("alias", "add", "receives@demo.test", "alice@demo.test")
    known(net, "receives@demo.test")
    for sender in ("bob@demo.test", "bob@alias.test", "receives@demo.test", "alice@strange.test", "alice@split.test", "alice@relayed.test"):
        assert not can_send_as(net, sender, login), sender
        with pytest.raises(smtplib.SMTPDataError) as refusal:
            send(net.a, "bob@demo.test", message(mark(), sender=sender), sender="alice@demo.test", login=login)
        assert refusal.value.smtp_code == 550, sender


def can_send_as(net, sender, login):
    with smtplib.SMTP("127.0.0.1", net.a.submission, timeout=30) as client:
        client.ehlo()
        client.login(*login)
        return client.mail(sender)[0] == 250


def test_jmap_knows_the_same_senders(net):
    alice = net.account("alice@demo.test")
    emails = lambda: {each["email"] for each in alice.jmap.call("Identity/get", ids=None)["list"]}
    until(lambda: {"alice@demo.test", "alice@alias.test"} <= emails(), 5, "the identities")
    assert emails() <= {"alice@demo.test", "alice@alias.test", "sales@demo.test"}
    assert submit(alice, "alice@alias.test", ["bob@demo.test"])["created"]
    assert submit(alice, "bob@demo.test", ["bob@demo.test"])["notCreated"]["s"]["type"] == "forbiddenFrom"
    assert submit(alice, "alice@demo.test", ["bob@demo.test"], mail_from="bob@demo.test")["notCreated"]["s"]["type"] == "forbiddenMailFrom"


def submit(account, header_from, recipients, mail_from=None):
    """EmailSubmission/set of a fresh message; `mail_from` is the header's unless given."""
    jmap = account.jmap
    made = jmap.call("Email/set", create={"d": {
        "mailboxIds": {jmap.mailbox("drafts")["id"]: True}, "from": [{"email": header_from}], "to": [{"email": each} for each in recipients],
        "subject": mark(), "textBody": [{"partId": "t", "type": "text/plain"}], "bodyValues": {"t": {"value": "Hello.\n"}}}})["created"]["d"]["id"]
    identities = jmap.call("Identity/get", ids=None)["list"]
    identity = next((each for each in identities if each["email"] == header_from), identities[0])["id"]
    envelope = {"mailFrom": {"email": mail_from or header_from}, "rcptTo": [{"email": each} for each in recipients]}
    answer = jmap.call("EmailSubmission/set", create={"s": {"emailId": made, "identityId": identity, "envelope": envelope}})
    return {"created": answer.get("created") or {}, "notCreated": answer.get("notCreated") or {}}


# Lists


def test_block_entries_answer_at_rcpt_by_envelope_and_network(net):
    a = net.a
    a.run("list", "add", "block", "spam.test", "--domain", "demo.test")
    known(net, "alice@demo.test", "550 5.7.1", sender="x@sub.spam.test")
    assert rcpt(a, "alice@alias.test", sender="x@spam.test").startswith("550 5.7.1"), "the target's lists hold for its aliases"
    assert rcpt(a, "dora@split.test", sender="x@spam.test").startswith("250")
    assert rcpt(a, "alice@demo.test", sender="x@notspam.test").startswith("250")
    send(a, "alice@demo.test", message(mark(), sender="x@spam.test"), sender="ann@strange.test")
    a.run("list", "remove", "block", "spam.test", "--domain", "demo.test")
    known(net, "alice@demo.test", "250", sender="x@sub.spam.test")


# Loops


def test_a_forward_that_comes_back_ends_with_one_error(net):
    """D sends everything back to where it came from, as a forward does."""
    net.a.run("alias", "add", "round@demo.test", "round@circle.test")
    known(net, "round@demo.test")
    answers = []

    def send_back(envelope):
        try:
            send(net.a, "round@demo.test", b"Received: from a by d; Mon, 02 Mar 2026 10:00:00 +0000\r\n" + envelope.content, sender=envelope.mail_from)
            answers.append("250")
        except smtplib.SMTPResponseException as refusal:
            answers.append(f"{refusal.smtp_code} {refusal.smtp_error.decode()}")
            return "554 5.4.6 Loop"

    import asyncio
    net.d.on_message = None
    original = net.d.handle_DATA

    async def handle(server, session, envelope):
        await original(server, session, envelope)
        return await asyncio.get_running_loop().run_in_executor(None, send_back, envelope) or "250 2.0.0 Kept"

    net.d.handle_DATA = handle
    try:
        send(net.a, "round@demo.test", message(mark()), sender="loop@strange.test")
        report = until(lambda: net.c.to("loop@strange.test"), 20, "the report")
        settled(net)
    finally:
        net.d.handle_DATA = original
    assert len(report) == 1 and len(net.d.to("round@circle.test")) == 1
    assert len(answers) == 1 and answers[0].startswith("554 5.4.6"), answers


def test_thirty_received_fields_are_a_loop(net):
    content = b"Received: from x by y; Mon, 02 Mar 2026 10:00:00 +0000\r\n" * 30 + message(mark())
    for recipient in ("alice@demo.test", "emil@split.test"):
        with pytest.raises(smtplib.SMTPDataError) as refusal:
            send(net.a, recipient, content)
        assert refusal.value.smtp_code == 554 and refusal.value.smtp_error.startswith(b"5.4.6")


def test_a_message_that_b_sends_back_ends(net):
    """B takes the message at RCPT, and relays it to A again."""
    mailed(net, "back@split.test")
    got = until(lambda: net.b.to("back@split.test"), 10, "the message at B")[0]
    with pytest.raises(smtplib.SMTPDataError) as refusal:
        send(net.a, "back@split.test", got.content)
    assert refusal.value.smtp_code == 554 and refusal.value.smtp_error.startswith(b"5.4.6")


def test_a_server_that_is_this_one_is_refused_when_saved(net):
    for hop in (f"127.0.0.1:{net.a.mx}", f"self.named.test:{net.a.mx}"):
        assert net.a.run("domain", "set", "split.test", "--sdr", hop, check=False).returncode != 0, hop
        assert net.a.run("relay-domain", "add", "myself.test", hop, "--verified", check=False).returncode != 0, hop


def test_two_of_our_servers_that_send_on_to_each_other_agree_that_nobody_is_there(tmp_path):
    for name in ("1", "2"):
        (tmp_path / name).mkdir()
    first, second = Server(tmp_path / "1"), Server(tmp_path / "2")
    for server, other in ((first, second), (second, first)):
        server.run("domain", "add", "shared.test", "--verified")
        server.run("domain", "set", "shared.test", "--sdr", f"127.0.0.1:{other.mx}")
    first.add_account("one@shared.test")
    second.add_account("two@shared.test")
    first.start()
    second.start()
    try:
        began = time.monotonic()
        for server in (first, second):
            assert rcpt(server, "three@shared.test").startswith("554 5.4.6")
        assert time.monotonic() - began < 10
        for server in (first, second):
            send(server, ["one@shared.test", "two@shared.test"], message("To both"))
        for server, person in ((first, "one"), (second, "two")):
            from portal.server import Account
            jmap = Account(server, f"{person}@shared.test", PASSWORD).jmap
            until(lambda: len(jmap.find("To both")) == 2, 15, f"both messages at {person}")
        for server in (first, second):
            until(lambda: not server.json("queue", "list"), 10, "the empty queue")
    finally:
        first.stop()
        second.stop()


# The explainer


def test_route_says_what_rcpt_says(net):
    for recipient in ("alice+x@alias.test", "nobody@demo.test", "emil@split.test", "gone@split.test", "anyone@relayed.test", "x@strange.test", "postmaster@demo.test"):
        told = net.a.json("route", recipient, "--from", "ann@strange.test", "--ip", "127.0.0.1")
        assert told["reply"] == rcpt(net.a, recipient), recipient
    told = net.a.json("route", "alice+x@alias.test")
    assert told["domain"]["aliasOf"] == "demo.test" and told["mailboxes"] == ["alice@demo.test"]
    assert told["route"]["step"] == "domainAlias" and told["thresholds"]["source"] == "standard"
    text = net.a.run("route", "emil@split.test").stdout.decode()
    assert "split domain routing" in text and f"b.named.test:{net.b.port}" in text and "250 2.1.5" in text
    assert net.a.json("route", "both@demo.test")["remotes"] == ["ida@split.test"]
