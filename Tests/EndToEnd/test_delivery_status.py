"""What became of a sent message, as its sender sees it in the webmail: by mouse, by keyboard, on a phone."""

import os

import pytest

from portal.pages import DESKTOP, PHONE, Webmail
from portal.waiting import until
from test_mail_out import compose, status


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_sent_message_says_how_far_it_has_come(server, foreign, open_page, size):
    person, friend = server.fresh_account("sender"), server.fresh_account("friend")
    taken, waiting = f"taken.{person.local}@foreign.test", f"waits.{person.local}@foreign.test"
    answer = (waiting, "450 4.2.0 Come back later")
    foreign.answers.append(answer)
    _, submission = compose(person.jmap, person.address, [friend.address, taken, waiting], "How far")
    until(lambda: status(person.jmap, submission, taken)["delivered"] == "unknown", 15, "the arrival")
    until(lambda: status(person.jmap, submission, waiting)["smtpReply"].startswith("450"), 15, "the deferral")
    mail = Webmail(open_page(server.url, *size)).sign_in(person.address, person.password)
    mail.go_to("Sent")
    mail.open("How far")
    summary = mail.page.locator(".delivery summary")
    summary.wait_for()
    assert summary.inner_text().strip() == "Delivered to 1, handed over for 1 and waiting for 1"
    summary.focus()
    mail.page.keyboard.press("Enter")
    mail.page.get_by_text("450 4.2.0 Come back later").wait_for()
    if os.environ.get("SHOTS"):
        mail.page.screenshot(path=f"{os.environ['SHOTS']}/delivery-{size[0]}.png")
    # It goes on by itself, and stays open.
    foreign.answers.remove(answer)
    entry = next(each["id"] for each in server.json("queue", "list") if waiting in str(each))
    server.run("queue", "retry", entry)
    mail.page.get_by_text("Delivered to the recipients’ servers").or_(mail.page.get_by_text("handed over for 2")).first.wait_for()
    assert mail.page.locator(".delivery-list").is_visible()
