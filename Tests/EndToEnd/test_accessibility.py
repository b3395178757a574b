"""axe finds nothing: on any view, at three widths, light and dark."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from portal.mail import message, send
from portal.pages import DESKTOP, PHONE, TABLET, Webmail

HTML = (
    b"From: News <news@foreign.test>\r\nTo: x@demo.test\r\nSubject: A page\r\nMIME-Version: 1.0\r\nMessage-ID: <page.1@foreign.test>\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<h1>News</h1><p>Good <a href=\"https://foreign.test/\">news</a>.</p>"
    b"<img src=\"https://foreign.test/a.png\" alt=\"\">\r\n--b\r\nContent-Type: application/pdf; name=plan.pdf\r\n"
    b"Content-Disposition: attachment; filename=plan.pdf\r\n\r\n%PDF-1.4\r\n--b--\r\n"
)


@pytest.fixture(scope="module")
def reader(server):
    person = server.fresh_account("axe")
    for content in (message("A letter", to=person.address), message("Re: A letter", to=person.address, References="<x@y.test>"), HTML):
        send(server.mx, "a@foreign.test", person.address, content)
    return person


def problems(page):
    """What axe complains about, in one line each. The reader's frame is another document, checked as content, not as our page."""
    found = Axe().run(page, context={"exclude": [["iframe"]]}).response["violations"]
    return [f"{each['id']} ({each['impact']}): {each['help']}; {[' '.join(node['target'][:1]) if isinstance(node['target'][0], str) else node['target'] for node in each['nodes']][:4]}" for each in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, TABLET, DESKTOP], ids=["390", "768", "1440"])
def test_no_view_has_a_violation(server, reader, open_page, size, scheme):
    page = open_page(server.url, *size, allow=["image", "Content Security Policy"], color_scheme=scheme, reduced_motion="reduce")
    page.get_by_label("Password").wait_for()
    found = {"login": problems(page)}
    mail = Webmail(page).sign_in(reader.address, reader.password)
    mail.row("A page").wait_for()
    found["inbox"] = problems(page)
    mail.choose("A letter")
    found["selection"] = problems(page)
    page.keyboard.press("Escape")
    mail.open("A page")
    mail.message_text("News").wait_for()
    found["conversation"] = problems(page)
    page.keyboard.press("r")
    composer = mail.composer()
    composer.editor().wait_for()
    found["composer"] = problems(page)
    composer.close()
    page.goto(f"{server.url}/mail/search?q=letter")
    mail.row("letter").wait_for()
    found["search"] = problems(page)
    page.goto(f"{server.url}/mail/trash")
    page.get_by_text("Trash is empty").wait_for()
    found["empty"] = problems(page)
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()
    found["shortcuts"] = problems(page)
    found = {view: each for view, each in found.items() if each}
    assert not found, "\n".join(f"{view}: {line}" for view, lines in found.items() for line in lines)
