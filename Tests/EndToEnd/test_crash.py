"""kill -9 under load: what got its 250 is there, once."""

import os
import random
import threading
import time

import smtplib

from portal.mail import message
from portal.server import Account
from portal.waiting import until

KILLS = int(os.environ.get("MAILPORTAL_KILLS", "8"))
RATE = 20  # messages a second


class Load:
    """Sends RATE messages a second over SMTP; `taken` holds the subjects that got 250."""

    def __init__(self, server, address):
        self.server, self.address = server, address
        self.taken, self.sent = set(), 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        client, next_at = None, time.monotonic()
        while not self.ended.wait(max(0, next_at - time.monotonic())):
            next_at += 1 / RATE
            self.sent += 1
            subject = f"Under load {self.sent}"
            try:
                if client is None:
                    client = smtplib.SMTP("127.0.0.1", self.server.mx, "load.foreign.test", timeout=10)
                client.sendmail("load@foreign.test", [self.address], message(subject, to=self.address))
                self.taken.add(subject)
            except (OSError, smtplib.SMTPException):
                client, next_at = None, time.monotonic() + 0.02

    def end(self):
        self.ended.set()
        self.thread.join(30)


def test_every_accepted_message_is_there_once_after_kills(own_server):
    account = own_server.fresh_account()
    own_server.start()
    load = Load(own_server, account.address)
    moment = random.Random(2)
    try:
        for _ in range(KILLS):
            before = len(load.taken)
            until(lambda: len(load.taken) >= before + 4, 30, "the load going on")
            # The kill's moment within a delivery is what varies here, so this is not a wait for anything.
            time.sleep(moment.uniform(0, 0.1))
            own_server.kill()
            own_server.start()
    finally:
        load.end()

    subjects = _all_subjects(Account(own_server, account.address).jmap)
    lost = load.taken - set(subjects)
    doubled = {subject for subject in load.taken if subjects.count(subject) > 1}
    assert not lost and not doubled, f"{len(load.taken)} accepted in {KILLS} kills; lost {lost}; doubled {doubled}"
    own_server.stop()
    assert own_server.run("verify").returncode == 0


def test_mail_on_its_way_out_survives_kills(own_server):
    from portal.mail import ForeignServer
    from test_mail_out import compose

    account = own_server.fresh_account()
    foreign = ForeignServer(own_server.outbound).start()
    own_server.start()
    recipients = [f"pen{number}@foreign.test" for number in range(12)]
    try:
        for number, recipient in enumerate(recipients):
            compose(Account(own_server, account.address).jmap, account.address, [recipient], f"Outward {number}")
            if number % 4 == 3:
                own_server.kill()
                own_server.start()
        until(lambda: all(foreign.to(each) for each in recipients), 60, "all arrivals")
        until(lambda: own_server.json("queue", "list") == [], 30, "the empty queue")
        # After its final dot a server may be told twice (RFC 5321 §4.5.5); never more than the kills.
        assert sum(len(foreign.to(each)) for each in recipients) <= len(recipients) + 3
    finally:
        foreign.stop()


def _all_subjects(jmap):
    subjects, position = [], 0
    while True:
        ids = jmap.ids({"inMailbox": jmap.mailbox("inbox")["id"]}, position=position, limit=250)
        if not ids:
            return subjects
        subjects += [each["subject"] for each in jmap.emails(ids, "subject")]
        position += len(ids)
