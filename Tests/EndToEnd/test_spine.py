"""The issue's own story: a message arrives in an open browser, is read there, and is answered."""

import email
import email.policy
import time

from portal.mail import swaks
from portal.pages import sign_in
from portal.waiting import until


def test_a_message_arrives_in_the_open_browser_is_read_and_answered(server, foreign, open_page):
    alice = server.fresh_account("reader")
    bob = server.fresh_account("friend")
    page = open_page(server.url)
    sign_in(page, alice)
    page.get_by_text("Archive", exact=True).first.wait_for()

    started = time.monotonic()
    swaks("--to", alice.address, "--from", bob.address, "--h-From", f"Bob <{bob.address}>", "--h-Cc", "Pen <pen@foreign.test>",
          "--h-Subject", "Tea at four?", "--body", "The kettle is on.", "--server", f"127.0.0.1:{server.mx}")
    sent = time.monotonic()
    subject = page.get_by_text("Tea at four?").first
    subject.wait_for(timeout=2_000)
    assert time.monotonic() - sent < 2.0, f"shown {time.monotonic() - started:.1f} s after swaks began"

    subject.click()
    page.frame_locator("iframe").get_by_text("The kettle is on.").or_(page.get_by_text("The kettle is on.")).first.wait_for()

    page.keyboard.press("a")
    composer = page.get_by_role("dialog").last
    editor = composer.locator("[contenteditable=true]").first
    editor.click()
    page.keyboard.type("On my way.")
    composer.get_by_role("button", name="Send", exact=True).click()

    answer = until(lambda: bob.jmap.find("Re: Tea at four?"), 20, "the answer in Bob's inbox")[0]
    assert "On my way." in bob.jmap.text_of(answer["id"])
    envelope = until(lambda: [each for each in foreign.to("pen@foreign.test") if b"Tea at four" in each.content], 20, "the answer at the foreign server")[0]
    got = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert got["in-reply-to"] and got["references"]
    assert "On my way." in got.get_body(("plain",)).get_content()
    assert "On my way." in got.get_body(("html",)).get_content()
    assert until(lambda: alice.jmap.find("Re: Tea at four?", "sent"), 10, "the copy in Sent")
