"""Postfix as the MX in front of us, as docs/postfix.md says: it asks us about recipients, and hands over by LMTP."""

import os
import pathlib
import re
import smtplib
import socket

import pytest

from portal.mail import message, send, without_trace
from portal.postfix import PROGRAM, Postfix
from portal.rspamd import FakeRspamd
from portal.server import ROOT, Server
from portal.waiting import accepts, free_ports, until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="Postfix drops its privileges, and so must be started by root")

RECORDS = """foreign.test. 60 IN MX 10 mx.foreign.test.
mx.foreign.test. 60 IN A 127.0.0.1
"""


def documented(name):
    """The settings that docs/postfix.md gives under the heading `name`."""
    text = (ROOT / "docs/postfix.md").read_text()
    section = re.search(rf"(?ms)^## {re.escape(name)}$(.*?)(?=^## |\Z)", text).group(1)
    return re.search(r"(?ms)^```ini\n(.*?)^```", section).group(1)


class Site:
    """Our server, and Postfix in front of it."""

    def __init__(self, directory, heading="Settings of Postfix"):
        assert pathlib.Path(PROGRAM).exists(), "Postfix is not installed; script/bootstrap --test installs it"
        self.questions = free_ports(1)[0]
        self.server = Server(directory, records=RECORDS)
        text = self.server.config.read_text().replace("[smtp]\n", f'[smtp]\nsocketmap = ["127.0.0.1:{self.questions}", "unix:{directory}/questions"]\n')
        self.server.config.write_text(text)
        self.server.run("domain", "add", "demo.test", "--verified")
        self.server.start()
        settings = documented(heading).replace("127.0.0.1:2526", f"127.0.0.1:{self.questions}").replace("127.0.0.1:2424", f"127.0.0.1:{self.server.lmtp}")
        assert str(self.questions) in settings and str(self.server.lmtp) in settings
        self.postfix = Postfix(settings).start()

    def close(self):
        self.postfix.remove()
        self.server.stop()

    def rcpt(self, address, sender="a@foreign.test", source="127.0.0.1"):
        """What Postfix answers to RCPT."""
        with smtplib.SMTP("127.0.0.1", self.postfix.port, local_hostname="client.foreign.test", timeout=30, source_address=(source, 0)) as client:
            client.ehlo()
            client.mail(sender)
            return client.rcpt(address)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("site"))
    yield site
    site.close()


@pytest.fixture
def person(site):
    return site.server.fresh_account()


def arrived(person, subject):
    return until(lambda: person.jmap.find(subject), 20, f"the arrival of {subject}")


def test_a_message_passes_through_with_its_bytes_unchanged(site, person):
    content = message("Through Postfix", to=person.address, text="Grüße.\r\n.a dot\r\n..two\r\n\r\n" + "x" * 900 + "\r\nEnd \t\r\n")
    send(site.postfix.port, "a@foreign.test", person.address, content, mail_options=["BODY=8BITMIME"])
    email = arrived(person, "Through Postfix")[0]
    assert without_trace(person.jmap.download(email["blobId"])) == content
    assert site.postfix.lines("status=sent", person.address, "relay=127.0.0.1")


def test_an_unknown_recipient_is_refused_before_data(site):
    code, text = site.rcpt("nobody-here@demo.test")
    assert code == 550 and text.startswith(b"5.1.1"), text


def test_other_domains_are_not_relayed(site):
    code, text = site.rcpt("somebody@elsewhere.test")
    assert code == 554 and b"Relay access denied" in text


def test_a_disabled_account_is_refused_in_our_words(site, person):
    assert site.rcpt(person.address)[0] == 250
    site.server.run("account", "disable", person.address)
    until(lambda: site.rcpt(person.address)[0] == 550, 10, "the refusal")
    assert site.rcpt(person.address)[1].startswith(b"5.2.1")


def test_detail_and_capitals_reach_the_mailbox(site, person):
    send(site.postfix.port, "a@foreign.test", f"{person.local.upper()}+shop@DEMO.test", message("With detail"))
    assert arrived(person, "With detail")


def test_an_alias_reaches_its_members_once(site, person):
    other = site.server.fresh_account()
    alias = f"all.{person.local}@demo.test"
    assert site.rcpt(alias)[0] == 550
    site.server.run("alias", "add", alias, person.address, other.address)
    until(lambda: site.rcpt(alias)[0] == 250, 10, "the alias")
    send(site.postfix.port, "a@foreign.test", [alias, person.address], message("To an alias"))
    assert len(arrived(person, "To an alias")) == 1 and len(arrived(other, "To an alias")) == 1


def test_a_new_domain_is_known_without_a_word_to_postfix(site):
    assert site.rcpt("x@new.test")[0] == 554
    site.server.run("domain", "add", "new.test", "--verified")
    person = site.server.add_account("x@new.test")
    # Postfix remembers for half a minute what it was told.
    until(lambda: sent(site, person, "New domain"), 60, "the domain")
    assert arrived(person, "New domain")


def test_the_trace_names_postfix_and_postfix_names_the_client(site, person):
    send(site.postfix.port, "a@foreign.test", person.address, message("Traced"))
    content = person.jmap.download(arrived(person, "Traced")[0]["blobId"])
    ours, theirs = re.findall(rb"(?m)^Received: (?:[^\r]*(?:\r\n[ \t][^\r]*)*)", content)[:2]
    assert b"from mx.site.test" in ours and b"with LMTP" in ours
    assert b"from client.foreign.test" in theirs


def test_the_real_client_comes_along(site, person):
    with smtplib.SMTP("127.0.0.1", site.postfix.port, local_hostname="client.foreign.test", timeout=30, source_address=("127.0.5.5", 0)) as client:
        client.sendmail("a@foreign.test", [person.address], message("From far"))
    arrived(person, "From far")
    lines = [line for line in site.server.log.read_text().splitlines() if "message accepted" in line and person.address in line]
    assert any("client=127.0.5.5" in line and "peer=127.0.0.1" in line for line in lines), lines


def test_one_transaction_with_recipients_of_every_kind(site, person):
    """Postfix splits nothing: one of three is full, and only its sender is told so."""
    full = site.server.fresh_account("full", "--quota", "1200")
    other = site.server.fresh_account()
    big = message("For three", text=("y" * 70 + "\r\n") * 30)
    send(site.postfix.port, "a@foreign.test", [person.address, full.address, other.address], big)
    assert arrived(person, "For three") and arrived(other, "For three")
    until(lambda: site.postfix.lines("status=deferred", full.address, "4.2.2"), 20, "the deferral")
    assert len(person.jmap.find("For three")) == 1


def test_while_we_are_down_postfix_keeps_the_mail_and_delivers_it_once(site, person):
    site.server.stop()
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(site.postfix.port, "a@foreign.test", person.address, message("While down"))
    assert refused.value.recipients[person.address][0] // 100 == 4, "without an answer from us nothing is refused for good"
    site.server.start()
    # Postfix remembers for half a minute that it could not know.
    until(lambda: sent(site, person, "While down"), 60, "being asked again")
    assert len(arrived(person, "While down")) == 1


def sent(site, person, subject):
    """Tries once, as a sender that retries does."""
    try:
        return send(site.postfix.port, "a@foreign.test", person.address, message(subject)) == {}
    except smtplib.SMTPException:
        return False


def test_what_is_accepted_when_we_go_down_waits_at_postfix_and_comes_once(site, person):
    """LMTP is gone between RCPT and delivery."""
    with smtplib.SMTP("127.0.0.1", site.postfix.port, local_hostname="client.foreign.test", timeout=30) as client:
        client.ehlo()
        client.mail("a@foreign.test")
        assert client.rcpt(person.address)[0] == 250
        site.server.stop()
        assert client.data(message("Waited"))[0] == 250
    until(lambda: site.postfix.lines("status=deferred", person.address), 20, "the deferral")
    site.server.start()
    site.postfix.flush()
    until(lambda: site.postfix.lines("status=sent", person.address), 30, "the delivery")
    assert len(arrived(person, "Waited")) == 1
    until(lambda: sent(site, person, "Afterwards"), 60, "being asked again")


def test_what_postfix_holds_when_it_is_stopped_comes_after_it_is_started(site, person):
    site.postfix.stop()
    assert not accepts(site.postfix.port)
    site.postfix.start()
    send(site.postfix.port, "a@foreign.test", person.address, message("After the pause"))
    assert len(arrived(person, "After the pause")) == 1


def test_many_messages_at_once_arrive_each_once(site, person):
    for number in range(60):
        send(site.postfix.port, "a@foreign.test", person.address, message(f"Many {number}"))
    until(lambda: len(person.jmap.in_role("inbox")) >= 60, 60, "sixty messages")
    subjects = [each["subject"] for each in person.jmap.emails(person.jmap.in_role("inbox"), "subject")]
    assert sorted(subjects) == sorted(f"Many {number}" for number in range(60))


# The languages, without Postfix


def ask(site, question):
    with socket.create_connection(("127.0.0.1", site.questions), timeout=10) as connection:
        connection.sendall(question)
        return connection.recv(4096)


def netstring(text):
    return b"%d:%s," % (len(text.encode()), text.encode())


def test_socketmap_answers_in_netstrings(site, person):
    assert ask(site, netstring("domains demo.test")) == netstring("OK demo.test")
    assert ask(site, netstring("domains elsewhere.test")) == netstring("NOTFOUND ")
    assert ask(site, netstring(f"recipients {person.address}")) == netstring(f"OK {person.address}")
    assert ask(site, netstring("recipients nobody-here@demo.test")) == netstring("NOTFOUND ")
    assert ask(site, netstring("recipients @demo.test")) == netstring("NOTFOUND ")
    assert b"PERM " in ask(site, netstring("wishes x"))


def test_questions_that_are_none_end_the_connection(site):
    for nonsense in (b"99999999:", b"5:ab", b"x\n\n", b"\0\0\0\0", b"3:a b;", b"2:ab,", b"request=other\n\n", b"a" * 20_000):
        with socket.create_connection(("127.0.0.1", site.questions), timeout=10) as connection:
            connection.sendall(nonsense)
            connection.shutdown(socket.SHUT_WR)
            try:
                assert connection.recv(100) == b""
            except ConnectionResetError:
                pass
    assert ask(site, netstring("domains demo.test")) == netstring("OK demo.test")


def test_the_policy_protocol_gives_our_own_reply(site, person):
    def policy(recipient, **more):
        attributes = {"request": "smtpd_access_policy", "protocol_state": "RCPT", "recipient": recipient, "sender": "a@foreign.test", "client_address": "192.0.2.7", **more}
        return ask(site, "".join(f"{name}={value}\n" for name, value in attributes.items()).encode() + b"\n")

    assert policy(person.address) == b"action=DUNNO\n\n"
    assert policy("nobody-here@demo.test").startswith(b"action=550 5.1.1")
    assert policy("x@elsewhere.test") == b"action=DUNNO\n\n"
    assert policy("nobody-here@demo.test", protocol_state="DATA") == b"action=DUNNO\n\n"


# Postfix as a sender that retries


def retried(sender, person, subject):
    """What arrives by Postfix's retries; it is asked to run its queue now and then, since it takes its time on a busy machine."""
    return until(lambda: sender.flush() or person.jmap.find(subject), 30, f"the arrival of {subject}", every=1)


def test_what_is_greylisted_is_deferred_first_and_then_delivered_once(own_server):
    fake = FakeRspamd()
    fake.answer = 3.5
    own_server.config.write_text(own_server.config.read_text() + fake.settings)
    own_server.serve_options = ["--greylist-wait", 3]
    own_server.start()
    person, other = own_server.fresh_account(), own_server.fresh_account()
    sender = Postfix(f"relayhost = [127.0.0.1]:{own_server.mx}\nmynetworks = 127.0.0.0/8\nsmtp_tls_security_level = may\n").start()
    try:
        send(sender.port, "a@foreign.test", person.address, message("Greylisted"))
        until(lambda: sender.lines("status=deferred", person.address, "451 4.7.1"), 20, "the deferral")
        assert person.jmap.find("Greylisted") == []
        assert len(retried(sender, person, "Greylisted")) == 1
        until(lambda: sender.lines("status=sent", person.address), 20, "the end of the retries")
        # Known from now on: the next one of the same sender is not deferred.
        send(sender.port, "a@foreign.test", person.address, message("Known"))
        assert len(arrived(person, "Known")) == 1
        assert len(person.jmap.find("Greylisted")) == 1
        deferred = len(sender.lines("status=deferred"))
        send(sender.port, "a@foreign.test", other.address, message("To another"))
        assert len(retried(sender, other, "To another")) == 1
        assert len(sender.lines("status=deferred")) > deferred, "another recipient waits for itself"
    finally:
        sender.remove()
        fake.stop()
