"""The webmail as a person uses it, in Debian's Chromium."""

import pytest
from playwright.sync_api import expect

from portal.mail import message, send
from portal.pages import PHONE, Webmail
from portal.waiting import until


@pytest.fixture
def reader(server):
    """A person with a handful of mail."""
    person = server.fresh_account("browser")
    for number in range(1, 6):
        send(server.mx, f"friend{number}@foreign.test", person.address,
             message(f"Letter {number}", sender=f"Friend {number} <friend{number}@foreign.test>", to=person.address, text=f"This is what letter {number} says.\r\n"))
    return person


@pytest.fixture
def mail(server, reader, open_page):
    mail = Webmail(open_page(server.url)).sign_in(reader.address, reader.password)
    mail.row("Letter 5").wait_for()
    return mail


def test_a_wrong_password_is_told_without_more(server, reader, open_page):
    page = open_page(server.url)
    page.get_by_label("Email address").fill(reader.address)
    page.get_by_label("Password").fill("wrong horse battery")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("not right")


def test_signing_out_ends_the_session(mail):
    page = mail.page
    page.locator(".account-button").click()
    page.get_by_role("menuitem", name="Sign out").click()
    page.get_by_label("Password").wait_for()
    page.goto(page.url.split("/")[0] + "//" + page.url.split("/")[2] + "/mail/inbox")
    page.get_by_label("Password").wait_for()


def test_every_view_has_an_address_that_reloads_to_it(mail):
    mail.open("Letter 3")
    address = mail.page.url
    assert "/mail/inbox/" in address
    mail.page.reload()
    mail.message_text("This is what letter 3 says.").wait_for()
    assert mail.page.url == address
    mail.page.go_back()
    mail.row("Letter 5").wait_for()


def test_opening_marks_as_read_and_counts_follow(mail, reader):
    assert mail.unread_of("Inbox") == 5
    mail.open("Letter 2")
    mail.message_text("This is what letter 2 says.").wait_for()
    until(lambda: mail.unread_of("Inbox") == 4, 5, "the smaller number")
    until(lambda: "$seen" in reader.jmap.find("Letter 2")[0]["keywords"], 5, "the mark on the server")


def test_archiving_can_be_undone(mail, reader):
    mail.choose("Letter 4")
    mail.page.keyboard.press("e")
    expect(mail.page.locator(".row").filter(has_text="Letter 4")).to_have_count(0)
    until(lambda: reader.jmap.find("Letter 4", "archive"), 5, "the message in the archive")
    mail.undo()
    mail.row("Letter 4").wait_for()
    until(lambda: reader.jmap.find("Letter 4"), 5, "the message in the inbox")


def test_moving_to_another_folder_can_be_undone(server, reader, open_page):
    reader.jmap.call("Mailbox/set", create={"p": {"name": "Projects"}})
    mail = Webmail(open_page(server.url)).sign_in(reader.address, reader.password)
    mail.choose("Letter 1")
    mail.page.keyboard.press("v")
    mail.page.get_by_placeholder("Move to…").fill("Proj")
    mail.page.keyboard.press("Enter")
    project = reader.jmap.mailbox(name="Projects")["id"]
    until(lambda: reader.jmap.ids({"inMailbox": project}), 5, "the message in Projects")
    mail.undo()
    mail.row("Letter 1").wait_for()
    until(lambda: not reader.jmap.ids({"inMailbox": project}), 5, "the message back in the inbox")


def test_spam_goes_to_its_folder_and_a_star_stays(mail, reader):
    mail.choose("Letter 1")
    mail.page.keyboard.press("!")
    until(lambda: reader.jmap.find("Letter 1", "junk"), 5, "the message in Junk")
    mail.row("Letter 2").get_by_role("button", name="Star").click()
    until(lambda: "$flagged" in reader.jmap.find("Letter 2")[0]["keywords"], 5, "the star")
    mail.go_to("Starred")
    mail.row("Letter 2").wait_for()


def test_the_keyboard_alone_is_enough(mail, reader):
    page = mail.page
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("o")
    mail.page.locator(".message.is-open").first.wait_for()
    page.keyboard.press("u")
    page.keyboard.press("#")
    until(lambda: len(reader.jmap.in_role("trash")) == 1, 5, "the deletion")
    page.keyboard.press("z")
    until(lambda: len(reader.jmap.in_role("trash")) == 0, 5, "the undoing")
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.get_by_text("Nothing sent yet").wait_for()
    page.keyboard.press("Control+k")
    page.get_by_placeholder("What would you like to do?").fill("Go to Inbox")
    page.keyboard.press("Enter")
    mail.row("Letter 5").wait_for()


def test_search_finds_words_people_and_marks(mail, reader):
    mail.search("letter 3 says")
    expect(mail.rows()).to_have_count(1)
    mail.search("from:friend2@foreign.test")
    expect(mail.rows()).to_have_count(1)
    mail.row("Letter 2").wait_for()
    mail.search("is:unread")
    expect(mail.rows()).to_have_count(5)
    mail.search("nothinglikethis")
    mail.page.get_by_text("No messages found").wait_for()
    mail.page.get_by_role("combobox", name="Search mail").press("Escape")
    mail.row("Letter 5").wait_for()


def test_a_draft_is_saved_as_one_types_and_comes_back(mail, reader):
    composer = mail.write()
    composer.to("somebody@foreign.test")
    composer.subject("Half a thought")
    composer.type("It begins like this")
    until(lambda: reader.jmap.find("Half a thought", "drafts"), 15, "the draft on the server")
    composer.close()
    mail.go_to("Drafts")
    mail.row("Half a thought").click()
    again = mail.composer()
    expect(again.editor()).to_contain_text("It begins like this")


def test_a_message_is_written_sent_and_can_be_taken_back(server, mail, reader):
    other = server.fresh_account()
    composer = mail.write()
    composer.to(other.address)
    composer.subject("Taken back")
    composer.type("Too quick.")
    composer.send()
    mail.undo()
    mail.composer().editor().wait_for()
    until(lambda: reader.jmap.find("Taken back", "drafts"), 10, "the draft again")
    assert other.jmap.find("Taken back") == []


def test_forwarding_takes_the_attachments_along(server, open_page):
    person, other = server.fresh_account(), server.fresh_account()
    send(server.mx, "a@foreign.test", person.address,
         b"From: a@foreign.test\r\nTo: x@demo.test\r\nSubject: With a file\r\nMIME-Version: 1.0\r\nMessage-ID: <file.1@foreign.test>\r\n"
         b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n--b\r\n"
         b"Content-Type: text/csv; name=figures.csv\r\nContent-Disposition: attachment; filename=figures.csv\r\n\r\na,b\r\n1,2\r\n--b--\r\n")
    mail = Webmail(open_page(server.url)).sign_in(person.address, person.password)
    mail.open("With a file")
    mail.page.get_by_text("figures.csv").first.wait_for()
    mail.page.keyboard.press("f")
    composer = mail.composer()
    composer.root.get_by_text("figures.csv").wait_for()
    composer.to(other.address)
    composer.type("For you.")
    composer.send()
    found = until(lambda: other.jmap.find("Fwd: With a file"), 30, "the forwarded message")[0]
    full = other.jmap.call("Email/get", ids=[found["id"]], properties=["attachments"])["list"][0]
    assert [part["name"] for part in full["attachments"]] == ["figures.csv"]
    assert b"1,2" in other.jmap.download(full["attachments"][0]["blobId"])


def test_new_mail_is_spoken_and_counted_without_a_reload(server, mail, reader):
    send(server.mx, "a@foreign.test", reader.address, message("Fresh from the oven", to=reader.address))
    mail.row("Fresh from the oven").wait_for(timeout=2_000)
    expect(mail.page.locator("[aria-live=polite]").filter(has_text="Fresh from the oven").first).to_be_attached()
    until(lambda: mail.unread_of("Inbox") == 6, 5, "the larger number")


def test_remote_images_wait_until_they_are_asked_for(server, open_page):
    person = server.fresh_account()
    send(server.mx, "a@foreign.test", person.address,
         b"From: News <news@foreign.test>\r\nTo: x@demo.test\r\nSubject: Pictures\r\nMIME-Version: 1.0\r\nMessage-ID: <pictures.1@foreign.test>\r\n"
         b"Content-Type: text/html; charset=utf-8\r\n\r\n<p>Look here</p><img src=\"https://pictures.foreign.test/a.png\" width=20 height=20>"
         b"<script>document.title='taken'</script>\r\n")
    page = open_page(server.url, allow=["Failed to load resource", "Content Security Policy"])
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    mail = Webmail(page).sign_in(person.address, person.password)
    mail.open("Pictures")
    mail.message_text("Look here").wait_for()
    page.get_by_text("Images from elsewhere are blocked").wait_for()
    assert not any("pictures.foreign.test" in url for url in asked)
    page.get_by_role("button", name="Show images").click()
    until(lambda: any("/api/v1/image" in url for url in asked), 5, "the request to the proxy")
    assert not any(url.startswith("https://pictures.foreign.test") for url in asked)
    assert "taken" not in page.title()


def test_a_phone_shows_one_pane_at_a_time(server, reader, open_page):
    mail = Webmail(open_page(server.url, *PHONE)).sign_in(reader.address, reader.password)
    mail.row("Letter 5").wait_for()
    assert mail.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    mail.open("Letter 5")
    mail.message_text("This is what letter 5 says.").wait_for()
    expect(mail.row("Letter 4")).not_to_be_visible()
    mail.page.go_back()
    mail.row("Letter 4").wait_for()
    mail.go_to("Sent")
    mail.page.get_by_text("Nothing sent yet").wait_for()


def test_the_dark_theme_follows_the_system_and_the_choice(server, reader, open_page):
    page = open_page(server.url, color_scheme="dark")
    mail = Webmail(page).sign_in(reader.address, reader.password)
    assert mail.brightness() < 200
    page.get_by_role("button", name="View settings").click()
    page.get_by_role("menuitemradio", name="Light").click()
    until(lambda: mail.brightness() > 600, 5, "the light ground")
    page.reload()
    mail.row("Letter 5").wait_for()
    assert mail.brightness() > 600


def test_a_long_list_stays_quick(server, open_page):
    from portal.mail import LMTP

    person = server.fresh_account("many")
    with LMTP(server.lmtp) as lmtp:
        for number in range(400):
            lmtp.deliver("a@foreign.test", [person.address], message(f"One of many {number}", to=person.address))
    mail = Webmail(open_page(server.url)).sign_in(person.address, person.password)
    mail.row("One of many 399").wait_for()
    assert mail.rows().count() < 120, "only what is seen is in the page"
    mail.page.get_by_role("grid", name="Inbox").focus()
    mail.page.keyboard.press("End")
    mail.row("One of many 0").wait_for()
