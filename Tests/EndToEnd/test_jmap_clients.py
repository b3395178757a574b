"""JMAP clients that others wrote, over HTTPS as they insist on it."""

import threading

import pytest
from jmapc import (
    Address, Client, Comparator, Email, EmailAddress, EmailBodyPart, EmailBodyValue, EmailQueryFilterCondition,
    EmailSubmission, Envelope, MailboxQueryFilterCondition, Ref,
)
from jmapc.methods import (
    EmailChanges, EmailGet, EmailQuery, EmailSet, EmailSubmissionSet, IdentityGet, MailboxGet, MailboxQuery,
    SearchSnippetGet, ThreadGet,
)
from portal.mail import message, send
from portal.server import PASSWORD
from portal.waiting import free_ports, until


@pytest.fixture
def people(own_server, monkeypatch):
    """Alice and Bob, each with a jmapc client."""
    port = free_ports(1)[0]
    config = own_server.config.read_text()
    own_server.config.write_text(config.replace("[http]\n", f'[http]\ntls = ["127.0.0.1:{port}"]\n'))
    for name in ("alice", "bob"):
        own_server.run("account", "add", f"{name}@demo.test", "--password-stdin", input=PASSWORD)
    own_server.start()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(own_server.data / "tls" / "certificate.pem"))
    clients = {
        name: Client.create_with_password(host=f"mail.demo.test:{port}", user=f"{name}@demo.test", password=PASSWORD)
        for name in ("alice", "bob")
    }
    return own_server, clients["alice"], clients["bob"]


@pytest.fixture(autouse=True)
def names(monkeypatch):
    """mail.demo.test is this machine."""
    import socket

    ask = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **more: ask("127.0.0.1" if host == "mail.demo.test" else host, *rest, **more)
    )


def mailbox(client, role):
    answers = client.request([MailboxQuery(filter=MailboxQueryFilterCondition(role=role)), MailboxGet(ids=Ref("/ids"))])
    return answers[1].response.data[0].id


def newest(client, **condition):
    """The newest messages that match, as most clients ask for them."""
    answers = client.request([
        EmailQuery(
            filter=EmailQueryFilterCondition(**condition), sort=[Comparator(property="receivedAt", is_ascending=False)],
            collapse_threads=True, limit=10),
        EmailGet(ids=Ref("/ids"), fetch_all_body_values=True),
    ])
    return answers[1].response.data


def submit(client, sender, recipient, subject, text):
    drafts = mailbox(client, "drafts")
    identity = client.request(IdentityGet()).data[0]
    email = Email(
        mail_from=[EmailAddress(name="Sender", email=sender)], to=[EmailAddress(email=recipient)], subject=subject,
        keywords={"$draft": True}, mailbox_ids={drafts: True}, body_values={"body": EmailBodyValue(value=text)},
        text_body=[EmailBodyPart(part_id="body", type="text/plain")])
    envelope = Envelope(mail_from=Address(email=sender), rcpt_to=[Address(email=recipient)])
    submission = EmailSubmission(email_id="#draft", identity_id=identity.id, envelope=envelope)
    return client.request([
        EmailSet(create={"draft": email}),
        EmailSubmissionSet(
            create={"send": submission},
            on_success_update_email={"#send": {"keywords/$draft": None, f"mailboxIds/{drafts}": None,
                                               f"mailboxIds/{mailbox(client, 'sent')}": True}}),
    ])


def test_jmapc_writes_a_message_and_the_other_person_reads_it(people):
    _, alice, bob = people
    answers = submit(alice, "alice@demo.test", "bob@demo.test", "By jmapc", "Snow ☃ over the harbour")
    assert answers[1].response.created["send"].undo_status is not None
    inbox = mailbox(bob, "inbox")
    until(lambda: newest(bob, in_mailbox=inbox), 10, "the message in Bob's inbox")
    found = newest(bob, in_mailbox=inbox)[0]
    assert (found.subject, found.mail_from[0].email) == ("By jmapc", "alice@demo.test")
    assert "Snow ☃ over the harbour" in next(iter(found.body_values.values())).value
    assert [each.subject for each in newest(alice, in_mailbox=mailbox(alice, "sent"))] == ["By jmapc"]


def test_jmapc_searches_follows_threads_and_marks_as_read(people):
    server, alice, _ = people
    send(server.mx, "stranger@foreign.test", "alice@demo.test", message("Larch boards", text="We need forty of them.\r\n"))
    until(lambda: newest(alice, text="larch"), 10, "the message")
    before = alice.request(EmailGet(ids=[])).state
    found = newest(alice, text="larch")[0]
    thread = alice.request(ThreadGet(ids=[found.thread_id])).data[0]
    assert thread.email_ids == [found.id]
    alice.request(EmailSet(update={found.id: {"keywords/$seen": True}}))
    assert alice.request(EmailChanges(since_state=before)).updated == [found.id]
    assert newest(alice, text="larch")[0].keywords == {"$seen": True}
    snippet = alice.request(SearchSnippetGet(ids=[found.id], filter=EmailQueryFilterCondition(text="larch"))).data[0]
    assert "<mark>" in snippet.subject + (snippet.preview or "")


def test_jmapc_hears_of_new_mail_while_it_listens(people):
    server, alice, _ = people
    heard = []
    listener = threading.Thread(target=lambda: heard.append(next(iter(alice.events))), daemon=True)
    listener.start()

    def sent_until_heard():
        send(server.mx, "stranger@foreign.test", "alice@demo.test", message("Are you there?"))
        listener.join(1)
        return heard

    until(sent_until_heard, 15, "an event")
    state = heard[0].data.changed[alice.account_id]
    assert state.email and state.mailbox
