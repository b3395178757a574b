"""Mail out: the outbox, its retries, and what it tells the sender."""

import email
import email.policy
import smtplib
import time

import pytest

from portal.mail import ForeignServer, message, send
from portal.peers import RudeServer
from portal.server import Server
from portal.waiting import until


def compose(jmap, sender, to, subject, text="Hello.\n", **more):
    """Creates a draft by Email/set and submits it, as the webmail does; returns (email id, submission id)."""
    drafts, sent = jmap.mailbox("drafts")["id"], jmap.mailbox("sent")["id"]
    identity = jmap.call("Identity/get", ids=None)["list"][0]["id"]
    draft = {
        "mailboxIds": {drafts: True}, "keywords": {"$draft": True, "$seen": True},
        "from": [{"email": sender}], "to": [{"email": each} for each in to], "subject": subject,
        "textBody": [{"partId": "t", "type": "text/plain"}], "bodyValues": {"t": {"value": text}}, **more,
    }
    answer = jmap.request([
        ["Email/set", {"accountId": jmap.account, "create": {"d": draft}}, "0"],
        ["EmailSubmission/set", {
            "accountId": jmap.account, "create": {"s": {"emailId": "#d", "identityId": identity}},
            "onSuccessUpdateEmail": {"#s": {f"mailboxIds/{drafts}": None, f"mailboxIds/{sent}": True, "keywords/$draft": None}},
        }, "1"],
    ])["methodResponses"]
    assert answer[0][1].get("created"), answer
    assert answer[1][1].get("created"), answer
    return answer[0][1]["created"]["d"]["id"], answer[1][1]["created"]["s"]["id"]


def status(jmap, submission, recipient):
    """The delivery status of one recipient, or None while there is none."""
    found = jmap.call("EmailSubmission/get", ids=[submission])["list"][0]
    return (found["deliveryStatus"] or {}).get(recipient)


def test_a_foreign_server_gets_the_message_with_all_its_parts(account, foreign):
    jmap = account.jmap
    blob = jmap.upload(bytes(range(256)) * 40, "application/octet-stream")["blobId"]
    recipient = f"{account.local}@foreign.test"
    _, submission = compose(
        jmap, account.address, [recipient], "All its parts – für dich",
        htmlBody=[{"partId": "h", "type": "text/html"}],
        bodyValues={"t": {"value": "Hello in text.\n"}, "h": {"value": "<p>Hello in <b>HTML</b></p>"}},
        attachments=[{"blobId": blob, "type": "application/octet-stream", "name": "bytes – 256.bin"}],
    )
    envelope = until(lambda: foreign.to(recipient), 10, "the arrival")[0]
    assert envelope.mail_from == account.address
    got = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert got["subject"] == "All its parts – für dich"
    assert got.get_body(("plain",)).get_content().strip() == "Hello in text."
    assert "<b>HTML</b>" in got.get_body(("html",)).get_content()
    attachment = next(got.iter_attachments())
    assert attachment.get_filename() == "bytes – 256.bin"
    assert attachment.get_payload(decode=True) == bytes(range(256)) * 40
    assert got["bcc"] is None
    delivered = until(lambda: (status(jmap, submission, recipient) or {}).get("delivered") in ("yes", "unknown") and status(jmap, submission, recipient), 10, "the status")
    assert delivered["smtpReply"].startswith("250")


def test_blind_copies_stay_blind(server, account, foreign):
    hidden = server.fresh_account()
    seen = f"seen.{account.local}@foreign.test"
    compose(account.jmap, account.address, [seen], "In secret", bcc=[{"email": hidden.address}])
    envelope = until(lambda: foreign.to(seen), 10, "the arrival")[0]
    assert hidden.address.encode() not in envelope.content
    copy = until(lambda: hidden.jmap.find("In secret"), 10, "the blind copy")[0]
    assert hidden.address.encode() not in hidden.jmap.download(copy["blobId"]).split(b"\r\n\r\n")[0].replace(b"Delivered-To", b"").split(b"From:")[1]


def test_a_refusal_comes_back_as_a_report(account, foreign):
    recipient = f"refused.{account.local}@foreign.test"
    foreign.answers.append((recipient, "550 5.1.1 Nobody of this name lives here"))
    _, submission = compose(account.jmap, account.address, [recipient], "Into the void")
    report = until(lambda: _reports(account.jmap), 10, "the report")[0]
    got = email.message_from_bytes(account.jmap.download(report["blobId"]), policy=email.policy.default)
    assert got.get_content_type() == "multipart/report" and got.get_param("report-type") == "delivery-status"
    assert got["return-path"] == "<>"
    parts = list(got.iter_parts())
    assert parts[1].get_content_type() == "message/delivery-status"
    fields = parts[1].as_string()
    assert "Action: failed" in fields and "5.1.1" in fields and recipient in fields
    assert "Nobody of this name lives here" in got.as_string()
    assert parts[2].get_content_type() in ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers")
    assert status(account.jmap, submission, recipient)["delivered"] == "no"


def test_a_domain_that_takes_no_mail_is_told_at_once(account):
    compose(account.jmap, account.address, ["anybody@nomail.test"], "To a null MX")
    until(lambda: _reports(account.jmap), 15, "the report")


def test_a_bounce_of_a_bounce_goes_nowhere(server, foreign):
    """A null sender's message to a forward that fails makes no report."""
    recipient = "void@foreign.test"
    foreign.answers.append((recipient, "550 5.1.1 No"))
    server.run("alias", "add", "tovoid@demo.test", recipient)
    until(lambda: _send_quietly(server.mx, "", "tovoid@demo.test", message("A null sender")), what="the alias being known")
    until(lambda: not [entry for entry in server.json("queue", "list") if recipient in str(entry)], 10, "the empty queue")


def test_a_soft_refusal_is_tried_again(server, account, foreign):
    recipient = f"later.{account.local}@foreign.test"
    answer = (recipient, "450 4.2.0 Come back later")
    foreign.answers.append(answer)
    _, submission = compose(account.jmap, account.address, [recipient], "Patience")
    entry = until(lambda: [each for each in server.json("queue", "list") if recipient in str(each) and "4.2.0" in str(each)], 10, "the deferred entry")[0]
    assert status(account.jmap, submission, recipient)["delivered"] == "queued"
    foreign.answers.remove(answer)
    server.run("queue", "retry", entry["id"])
    until(lambda: foreign.to(recipient), 15, "the second attempt")
    assert len(foreign.to(recipient)) == 1
    until(lambda: not [each for each in server.json("queue", "list") if recipient in str(each)], 10, "the empty queue")


def test_a_destination_that_is_down_gets_its_mail_when_it_is_up(own_server):
    own_server.start()
    account = own_server.fresh_account()
    compose(account.jmap, account.address, ["pen@foreign.test"], "When you are back")
    entry = until(lambda: [each for each in own_server.json("queue", "list") if "pen@foreign.test" in str(each)], 10, "the entry")[0]
    until(lambda: own_server.json("queue", "list", entry["id"])[0]["recipients"][0]["attempts"] > 0, 15, "the first attempt")
    own_server.kill()
    own_server.start()
    foreign = ForeignServer(own_server.outbound).start()
    try:
        own_server.run("queue", "retry", entry["id"])
        until(lambda: foreign.to("pen@foreign.test"), 15, "the arrival")
    finally:
        foreign.stop()


def test_a_submission_can_be_taken_back_while_it_waits(account, foreign):
    jmap = account.jmap
    recipient = f"undone.{account.local}@foreign.test"
    drafts = jmap.mailbox("drafts")["id"]
    identity = jmap.call("Identity/get", ids=None)["list"][0]["id"]
    made = jmap.call("Email/set", create={"d": {
        "mailboxIds": {drafts: True}, "from": [{"email": account.address}], "to": [{"email": recipient}], "subject": "Undo",
        "textBody": [{"partId": "t", "type": "text/plain"}], "bodyValues": {"t": {"value": "Too quick.\n"}}}})["created"]["d"]["id"]
    submission = jmap.call("EmailSubmission/set", create={"s": {
        "emailId": made, "identityId": identity,
        "envelope": {"mailFrom": {"email": account.address, "parameters": {"HOLDFOR": "600"}}, "rcptTo": [{"email": recipient}]}}})["created"]["s"]
    assert jmap.call("EmailSubmission/get", ids=[submission["id"]])["list"][0]["undoStatus"] == "pending"
    undone = jmap.call("EmailSubmission/set", update={submission["id"]: {"undoStatus": "canceled"}})
    assert submission["id"] in undone["updated"], undone
    assert foreign.to(recipient) == []


def test_a_smart_host_takes_everything(tmp_path):
    from portal.server import Server
    from portal.waiting import free_ports

    port = free_ports(1)[0]
    server = Server(tmp_path)
    server.config.write_text(server.config.read_text().replace("[outbound]", f'[outbound]\nsmarthost = "127.0.0.1:{port}"'))
    server.run("domain", "add", "demo.test", "--verified")
    foreign = ForeignServer(port).start()
    server.start()
    try:
        account = server.fresh_account()
        compose(account.jmap, account.address, ["pen@far-away.test"], "Via the smart host")
        until(lambda: foreign.to("pen@far-away.test"), 15, "the arrival at the smart host")
    finally:
        server.stop()
        foreign.stop()


# Servers that behave badly. Nothing is lost, nothing doubled, senders are told.


class Rude:
    """A server of ours and badly mannered peers, each at an address of its own."""

    def __init__(self, folder, names):
        self.hosts = {name: f"127.0.4.{number}" for number, name in enumerate(names, 1)}
        records = "".join(f"{name}.test. MX 10 mx.{name}.test.\nmx.{name}.test. A {host}\n" for name, host in self.hosts.items())
        records += "two.test. MX 10 mx.down.test.\ntwo.test. MX 20 mx.lesser.test.\n"
        self.server = Server(folder, records=records)
        self.server.run("domain", "add", "demo.test", "--verified")
        self.server.start()
        self.account = self.server.fresh_account()
        self.peers = {}

    def peer(self, name, manner):
        self.peers[name] = RudeServer(self.hosts[name], self.server.outbound, manner)
        return self.peers[name]

    def stop(self):
        self.server.stop()
        for peer in self.peers.values():
            peer.stop()

    def send(self, *recipients, subject="Out"):
        return compose(self.account.jmap, self.account.address, list(recipients), subject)[1]

    def waiting(self, recipient):
        """The recipient as it stands in the queue; None when it is not there."""
        for entry in self.server.json("queue", "list"):
            for each in entry["recipients"]:
                if each["address"] == recipient and each["status"] == "pending":
                    return {**each, "entry": entry["id"]}
        return None

    def deferred(self, recipient, attempts=1):
        def found():
            each = self.waiting(recipient)
            return each if each and each["attempts"] >= attempts else None

        return until(found, 20, f"attempt {attempts} for {recipient}")


@pytest.fixture
def rude(tmp_path):
    rude = Rude(tmp_path, ["drops", "later", "parts", "tarpit", "good", "slow", "down", "lesser", "busy", "late"])
    yield rude
    rude.stop()


def polite(talk):
    talk.take(talk.envelope())
    _next_transaction(talk)


def _next_transaction(talk):
    """Takes further messages on the same connection."""
    while True:
        recipients = []
        while True:
            line = talk.hear()
            verb = line[:4].upper()
            if verb == "DATA":
                break
            if verb == "QUIT":
                talk.say("221 Bye")
                raise EOFError
            if verb == "RCPT":
                recipients.append(line[line.index("<") + 1:line.index(">")])
            talk.say("250 OK")
        talk.take(recipients)


def test_a_connection_that_breaks_in_the_middle_loses_and_doubles_nothing(rude):
    def drops(talk):
        recipients = talk.envelope()
        if talk.number == 1:
            talk.say("354 Go")
            talk.file.readline()
            return
        talk.take(recipients)
        _next_transaction(talk)

    peer = rude.peer("drops", drops)
    rude.send("pen@drops.test")
    each = rude.deferred("pen@drops.test")
    assert peer.messages == []
    rude.server.run("queue", "retry", each["entry"])
    until(lambda: peer.messages, 20, "the second attempt")
    until(lambda: rude.waiting("pen@drops.test") is None, 10, "the empty queue")
    assert len(peer.messages) == 1


def test_a_soft_refusal_of_the_content_is_tried_again_and_a_hard_one_told(rude):
    answers = iter(["451 4.3.0 No disk", "554 5.6.0 Not this"])

    def later(talk):
        talk.envelope()
        talk.say("354 Go")
        talk.message()
        talk.say(next(answers))

    rude.peer("later", later)
    submission = rude.send("pen@later.test")
    each = rude.deferred("pen@later.test")
    assert each["reply"] == "451 4.3.0 No disk" and each["host"] == "mx.later.test"
    assert status(rude.account.jmap, submission, "pen@later.test")["delivered"] == "queued"
    rude.server.run("queue", "retry", each["entry"])
    until(lambda: _reports(rude.account.jmap), 20, "the report")
    assert status(rude.account.jmap, submission, "pen@later.test") == {"smtpReply": "554 5.6.0 Not this", "delivered": "no", "displayed": "unknown"}


def test_each_recipient_has_its_own_fate(rude):
    def parts(talk):
        talk.say("220 rude.test")
        taken = []
        while True:
            line = talk.hear()
            verb = line[:4].upper()
            if verb == "DATA":
                talk.take(taken)
            elif verb == "QUIT":
                return talk.say("221 Bye")
            elif "gone@" in line:
                talk.say("550 5.1.1 Gone")
            elif "full@" in line and talk.server.connections == 1:
                talk.say("452 4.2.2 Full")
            else:
                if verb == "RCPT":
                    taken.append(line[line.index("<") + 1:line.index(">")])
                if verb in ("MAIL", "RSET"):
                    taken = []
                talk.say("250 OK")

    peer = rude.peer("parts", parts)
    submission = rude.send("a@parts.test", "gone@parts.test", "full@parts.test")
    each = rude.deferred("full@parts.test")
    until(lambda: _reports(rude.account.jmap), 20, "the report")
    states = rude.account.jmap.call("EmailSubmission/get", ids=[submission])["list"][0]["deliveryStatus"]
    assert {address: one["delivered"] for address, one in states.items()} == {
        "a@parts.test": "unknown", "gone@parts.test": "no", "full@parts.test": "queued"}
    # Longer than a connection is kept for more.
    time.sleep(5)
    rude.server.run("queue", "retry", each["entry"])
    until(lambda: len(peer.messages) == 2, 20, "the second attempt")
    assert [recipients for recipients, _ in peer.messages] == [["a@parts.test"], ["full@parts.test"]]


def test_a_tarpit_holds_nobody_else_back(rude):
    rude.peer("tarpit", lambda talk: time.sleep(120))
    good = rude.peer("good", polite)
    for number in range(30):
        rude.send(f"a{number}@tarpit.test")
    start = time.monotonic()
    rude.send("pen@good.test")
    until(lambda: good.messages, 20, "the other destination")
    assert time.monotonic() - start < 15
    assert rude.peers["tarpit"].connections <= 2


def test_a_slow_server_gets_its_message_once(rude):
    def slow(talk):
        send = talk.client.sendall

        class Drip:
            def sendall(self, content):
                for byte in content:
                    send(bytes([byte]))
                    time.sleep(0.01)

            def close(self):
                pass

        talk.client = Drip()
        polite(talk)

    peer = rude.peer("slow", slow)
    rude.send("pen@slow.test")
    until(lambda: rude.waiting("pen@slow.test") is None and peer.messages, 30, "the delivery")
    assert len(peer.messages) == 1


def test_a_dead_destination_is_not_asked_for_every_message(rude):
    """Nobody listens at the first: what it costs is counted by attempts in the queue."""
    refused = []
    peer = rude.peer("busy", lambda talk: (refused.append(1), talk.say("421 4.3.2 Not now")))
    for number in range(40):
        rude.send(f"a{number}@busy.test")
    until(lambda: peer.connections, 20, "the first attempt")
    time.sleep(10)
    assert peer.connections <= 6, f"{peer.connections} connections"
    # An admin's order goes all the same, and what was left in peace goes with it when the server is back.
    peer.manner = polite
    entry = rude.waiting("a39@busy.test")
    rude.server.run("queue", "retry", entry["entry"])
    until(lambda: any("a39@busy.test" in recipients for recipients, _ in peer.messages), 20, "the retried one")
    until(lambda: len(peer.messages) >= 39, 60, "the others")
    assert len({tuple(recipients) for recipients, _ in peer.messages}) == len(peer.messages)
    assert peer.connections < 30, "messages share connections"


def test_a_lesser_server_cannot_refuse_while_the_better_one_is_away(rude):
    def refuses(talk):
        talk.say("220 rude.test")
        while True:
            line = talk.hear()
            talk.say("550 5.1.1 Not known here" if line[:4].upper() == "RCPT" else "250 OK")

    rude.peer("lesser", refuses)
    rude.send("pen@two.test")
    each = rude.deferred("pen@two.test")
    assert "550 5.1.1 Not known here" in each["reply"] and each["reply"].startswith("451")
    assert _reports(rude.account.jmap) == []
    better = rude.peer("down", polite)
    rude.server.run("queue", "retry", each["entry"])
    until(lambda: better.messages, 20, "the better server")


def test_a_held_message_waits_for_its_release(rude):
    peer = rude.peer("late", polite)
    rude.server.run("queue", "hold", check=False)
    rude.peer("down", lambda talk: talk.say("451 4.3.0 Later"))
    rude.send("pen@down.test")
    each = rude.deferred("pen@down.test")
    assert rude.server.json("queue", "hold", each["entry"]) == [{"id": each["entry"], "request": "hold"}]
    until(lambda: rude.server.json("queue", "list", each["entry"])[0]["held"], 10, "the hold")
    rude.server.run("queue", "retry")
    until(lambda: not rude.server.json("queue", "list", each["entry"])[0]["held"], 10, "the release")
    rude.server.run("queue", "drop", each["entry"])
    until(lambda: rude.server.json("queue", "list") == [], 10, "the empty queue")
    assert _reports(rude.account.jmap) == [] and peer.messages == []


def test_a_submitter_hears_what_it_asked_for(server, account, foreign):
    """RFC 3461 and RFC 4865 at submission."""
    recipient, quiet = f"told.{account.local}@foreign.test", f"quiet.{account.local}@foreign.test"
    foreign.answers.append((quiet, "550 5.1.1 Nobody"))
    with smtplib.SMTP("127.0.0.1", server.submission, local_hostname="client.test", timeout=20) as client:
        client.login(account.address, account.password)
        assert client.has_extn("dsn") and client.esmtp_features["futurerelease"].startswith("2592000 20")
        client.mail(account.address, ["RET=HDRS", "ENVID=note1", "HOLDFOR=2"])
        assert client.rcpt(recipient, [f"NOTIFY=SUCCESS", f"ORCPT=rfc822;{recipient}"])[0] == 250
        assert client.rcpt(quiet, ["NOTIFY=NEVER"])[0] == 250
        assert client.rcpt(account.address, ["NOTIFY=SUCCESS"])[0] == 250
        sent = time.monotonic()
        assert client.data(message("Tell me", sender=account.address, to=recipient))[0] == 250
        client.mail(account.address, ["HOLDFOR=99999999"])
        assert client.rcpt(recipient)[0] == 503
    until(lambda: foreign.to(recipient), 20, "the arrival")
    assert time.monotonic() - sent > 1.5
    reports = until(lambda: (found := _reports(account.jmap)) and len(found) == 2 and found, 20, "both reports")
    texts = sorted(account.jmap.download(each["blobId"]).decode() for each in reports)
    everything = "\n".join(texts)
    assert "Action: relayed" in everything and "Action: delivered" in everything and "Original-Envelope-Id: note1" in everything
    assert f"Original-Recipient: rfc822; {recipient}" in everything and quiet not in everything.split("text/rfc822-headers")[0]


def _reports(jmap):
    emails = jmap.emails(jmap.in_role("inbox"), "id", "blobId", "subject", "bodyStructure")
    return [each for each in emails if each["bodyStructure"]["type"] == "multipart/report"]


def _send_quietly(port, sender, recipient, content):
    import smtplib

    try:
        send(port, sender, recipient, content)
        return True
    except smtplib.SMTPRecipientsRefused:
        return False
