"""The issue's own story: a message arrives in an open browser, is read there, and is answered."""

import email
import email.policy
import time

from portal.mail import swaks
from portal.pages import Webmail
from portal.waiting import until


def test_a_message_arrives_in_the_open_browser_is_read_and_answered(server, foreign, open_page):
    alice = server.fresh_account("reader")
    bob = server.fresh_account("friend")
    mail = Webmail(open_page(server.url)).sign_in(alice.address, alice.password)
    mail.page.get_by_text("All done").wait_for()

    swaks("--to", alice.address, "--from", bob.address, "--h-From", f"Bob <{bob.address}>", "--h-Cc", "Pen <pen@foreign.test>",
          "--h-Subject", "Tea at four?", "--body", "The kettle is on.", "--server", f"127.0.0.1:{server.mx}")
    sent = time.monotonic()
    mail.row("Tea at four?").wait_for(timeout=2_000)
    assert time.monotonic() - sent < 2.0

    mail.open("Tea at four?")
    mail.message_text("The kettle is on.").wait_for()
    mail.page.keyboard.press("a")
    answer = mail.composer()
    answer.type("On my way, with biscuits.")
    answer.attach("biscuits.txt", "text/plain", b"Two dozen.\n")
    answer.root.locator(".compose-file-name", has_text="biscuits.txt").wait_for()
    answer.send()

    arrived = until(lambda: bob.jmap.find("Re: Tea at four?"), 30, "the answer in Bob's inbox")[0]
    assert "On my way, with biscuits." in bob.jmap.text_of(arrived["id"])
    envelope = until(lambda: foreign.to("pen@foreign.test") and [each for each in foreign.to("pen@foreign.test") if b"biscuits" in each.content], 20, "the answer at the foreign server")[0]
    got = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert got["in-reply-to"] and got["in-reply-to"] in got["references"]
    assert "On my way, with biscuits." in got.get_body(("plain",)).get_content()
    assert "On my way, with biscuits." in got.get_body(("html",)).get_content()
    attachment = next(got.iter_attachments())
    assert attachment.get_filename() == "biscuits.txt" and attachment.get_payload(decode=True) == b"Two dozen.\n"
    assert until(lambda: alice.jmap.find("Re: Tea at four?", "sent"), 10, "the copy in Sent")
    original = alice.jmap.find("Tea at four?")[0]
    until(lambda: {"$seen", "$answered"} <= set(alice.jmap.emails([original["id"]], "keywords")[0]["keywords"]), 10, "the marks on the original")
