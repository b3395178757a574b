"""Vacation responses (RFC 8621 §8, RFC 5230): who is answered, with what, and who is not."""

import email
import email.policy
import itertools

from portal.mail import message, send
from portal.waiting import until
from test_sieve import find, use

PEOPLE = itertools.count(1)


def person():
    return f"asker{next(PEOPLE)}@foreign.test"


def away(account, **properties):
    result = account.jmap.call("VacationResponse/set", update={"singleton": {"isEnabled": True, **properties}})
    assert "singleton" in result["updated"], result


def ask(server, account, sender, subject="Are you there?", recipient=None, to=None, **headers):
    content = message(subject, sender=headers.pop("From", sender), to=to or account.address, **headers)
    send(server.mx, sender, recipient or account.address, content)


def answers(foreign, sender):
    return [email.message_from_bytes(each.content, policy=email.policy.default) for each in foreign.to(sender)]


def answer(foreign, sender):
    until(lambda: foreign.to(sender), 10, "the answer")
    return foreign.to(sender)[0], answers(foreign, sender)[0]


def nobody_was_answered(server, account, foreign, *senders):
    """Whoever asks last is answered; by then the others would have been."""
    last = person()
    ask(server, account, last)
    answer(foreign, last)
    assert not [each for each in senders if foreign.to(each)]


def test_a_stranger_is_answered_once(server, account, foreign):
    away(account, subject="Urlaub ☀", textBody="Bin am Meer.\nGrüße")
    sender = person()
    ask(server, account, sender, Message_ID="<question@foreign.test>")
    envelope, reply = answer(foreign, sender)
    assert envelope.mail_from in ("", "<>") and envelope.rcpt_tos == [sender]
    assert reply["Subject"] == "Urlaub ☀" and reply["To"] == sender and account.address in reply["From"]
    assert reply["Auto-Submitted"].startswith("auto-replied") and reply["In-Reply-To"] == "<question@foreign.test>"
    assert "<question@foreign.test>" in reply["References"] and reply["Message-ID"] and reply["Date"]
    assert reply.get_body().get_content().split("\r\n")[:2] == ["Bin am Meer.", "Grüße"]
    ask(server, account, sender, "And now?")
    nobody_was_answered(server, account, foreign)
    assert len(answers(foreign, sender)) == 1
    assert len(find(account, "And now?", "inbox")) == 1


def test_without_words_of_ones_own_there_are_ours(server, account, foreign):
    away(account)
    sender = person()
    ask(server, account, sender, "Lunch?")
    reply = answer(foreign, sender)[1]
    assert "Lunch?" in reply["Subject"] and reply.get_body().get_content().strip()


def test_html_is_sent_with_a_plain_twin(server, account, foreign):
    away(account, htmlBody="<p>Back on <b>Monday</b></p>")
    sender = person()
    ask(server, account, sender)
    reply = answer(foreign, sender)[1]
    assert reply.get_content_type() == "multipart/alternative"
    assert "Back on Monday" in reply.get_body(("plain",)).get_content()
    assert "<b>Monday</b>" in reply.get_body(("html",)).get_content()


def test_machines_lists_and_strangers_to_the_address_are_not_answered(server, account, foreign):
    away(account)
    asked = [person() for _ in range(5)]
    ask(server, account, asked[0], List_Id="<list.foreign.test>")
    ask(server, account, asked[1], Auto_Submitted="auto-generated")
    ask(server, account, asked[2], Precedence="bulk")
    ask(server, account, asked[3], to="undisclosed-recipients:;")
    ask(server, account, "owner-list@foreign.test")
    ask(server, account, "mailer-daemon@foreign.test")
    ask(server, account, "", From=asked[4])
    nobody_was_answered(server, account, foreign, *asked, "owner-list@foreign.test", "mailer-daemon@foreign.test")


def test_two_who_are_away_do_not_answer_each_other_for_ever(server):
    one, two = server.fresh_account(), server.fresh_account()
    away(one, subject="One is away")
    away(two, subject="Two is away")
    send(server.mx, one.address, two.address, message("Hello", sender=one.address, to=two.address))
    find(one, "Two is away", "inbox")
    assert not two.jmap.find("One is away")


def test_it_ends_when_it_is_over(server, account, foreign):
    early, late, within = person(), person(), person()
    away(account, fromDate="2020-01-01T00:00:00Z", toDate="2020-02-01T00:00:00Z")
    ask(server, account, late)
    away(account, fromDate="2999-01-01T00:00:00Z", toDate=None)
    ask(server, account, early)
    away(account, fromDate="2020-01-01T00:00:00Z", toDate="2999-01-01T00:00:00Z")
    ask(server, account, within)
    answer(foreign, within)
    assert not foreign.to(early) and not foreign.to(late)
    account.jmap.call("VacationResponse/set", update={"singleton": {"isEnabled": False}})
    off = person()
    ask(server, account, off, "Off")
    find(account, "Off", "inbox")
    assert not foreign.to(off)


def test_it_runs_beside_the_users_own_script(server, account, foreign):
    away(account, textBody="Away")
    use(account, """
        require ["fileinto", "mailbox"];
        if header :is "subject" "Throw" { discard; } else { fileinto :create "Sorted"; }
        """)
    thrown, kept = person(), person()
    ask(server, account, thrown, "Throw")
    ask(server, account, kept, "Keep")
    answer(foreign, kept)
    find(account, "Keep", "Sorted")
    assert not foreign.to(thrown)
    names = [each["name"] for each in account.jmap.call("SieveScript/get", ids=None)["list"]]
    assert names == ["filter"]


def test_a_script_can_answer_by_itself(server, account, foreign):
    use(account, f'require "vacation"; vacation :days 1 :subject "Gone" :from "Me <{account.address}>" "By script";')
    sender = person()
    ask(server, account, sender)
    reply = answer(foreign, sender)[1]
    assert reply["Subject"] == "Gone" and reply["From"] == f"Me <{account.address}>"


def test_nobody_can_answer_as_somebody_else(server, account, foreign):
    use(account, 'require "vacation"; vacation :from "boss@demo.test" "By script";')
    sender = person()
    ask(server, account, sender)
    assert account.address in answer(foreign, sender)[1]["From"]


def test_who_was_answered_is_still_known_after_a_restart(own_server):
    from portal.mail import ForeignServer

    own_server.start()
    foreign = ForeignServer(own_server.outbound).start()
    try:
        account = own_server.fresh_account()
        away(account)
        sender = person()
        ask(own_server, account, sender)
        answer(foreign, sender)
        own_server.kill()
        own_server.start()
        ask(own_server, account, sender, "Second")
        find(account, "Second", "inbox")
        nobody_was_answered(own_server, account, foreign)
        assert len(foreign.to(sender)) == 1
    finally:
        foreign.stop()
        own_server.stop()
