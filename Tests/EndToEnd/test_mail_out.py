"""Mail out: the outbox, its retries, and what it tells the sender."""

import email
import email.policy

from portal.mail import ForeignServer, message, send
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
