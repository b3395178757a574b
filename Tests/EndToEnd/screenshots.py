"""Pictures of every view at three widths, light and dark, of the demo's mail: screenshots.py FOLDER [URL ADDRESS PASSWORD].

Without a URL it starts a server with the demo in a temporary directory.
"""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from playwright.sync_api import sync_playwright

from portal.pages import DESKTOP, PHONE, TABLET, Webmail
from portal.server import BINARY, ROOT
from portal.waiting import accepts, free_ports, until


@contextlib.contextmanager
def demo():
    """A server with fresh demo data: (url, address, password)."""
    port, *mail = free_ports(4)
    with tempfile.TemporaryDirectory(prefix="screenshots-") as directory:
        config = pathlib.Path(directory, "demo.toml")
        config.write_text(f'hostname = "localhost"\ndata = "{directory}/data"\n[http]\nlisten = ["127.0.0.1:{port}"]\n'
                          f'[smtp]\nmx = ["127.0.0.1:{mail[0]}"]\nsubmission = ["127.0.0.1:{mail[1]}"]\nlmtp = ["127.0.0.1:{mail[2]}"]\n')
        output = pathlib.Path(directory, "output")
        with output.open("wb") as file:
            process = subprocess.Popen([BINARY, "serve", "--demo", "--config", config], stdout=file, stderr=file, cwd=ROOT)
        try:
            pattern = re.compile(r"alice@demo\.test\s+(\S+)")
            until(lambda: process.poll() is None and accepts(port) and pattern.search(output.read_text()), 60, "the demo")
            yield f"http://127.0.0.1:{port}", "alice@demo.test", pattern.search(output.read_text()).group(1)
        finally:
            process.terminate()
            process.wait(20)


STILL = """!document.querySelector('.is-waiting, .is-blank, .message-skeleton')
    && [...document.querySelectorAll('.message-body iframe')].every((frame) => frame.contentDocument?.querySelector('.mp-root'))
    && [...document.images].every((image) => image.complete)
    && document.fonts.status === 'loaded'
    && document.getAnimations().every((one) => one.playState !== 'running' || one.effect.getTiming().iterations === Infinity)"""


def settle(page):
    """Until nothing moves: lists and messages are there, fonts and pictures are loaded, transitions are over."""
    until(lambda: page.evaluate(STILL), 10, "the page's standing still", every=0.1)


def open_conversation(mail, words):
    """Opens what a search finds first."""
    mail.search(words)
    mail.page.locator(".row[data-id] .row-text").first.click()
    mail.page.locator(".message.is-open").first.wait_for()


def views(mail, url):
    """Each view's name, after it has been brought to the screen."""
    page = mail.page
    yield "inbox"
    open_conversation(mail, "from:carol@demo.test")
    yield "conversation"
    page.goto(f"{url}/mail/inbox")
    mail.rows().first.wait_for()
    open_conversation(mail, "from:letter@slow-gardener.example")
    yield "newsletter"
    page.goto(f"{url}/mail/inbox")
    mail.rows().first.wait_for()
    open_conversation(mail, "from:yuki@nakamura.example")
    yield "other-scripts"
    page.goto(f"{url}/mail/search?q=has%3Aattachment")
    mail.rows().first.wait_for()
    yield "search"
    page.goto(f"{url}/mail/sent")
    mail.rows().first.wait_for()
    yield "sent"
    page.goto(f"{url}/mail/search?q=nothinglikethis")
    page.get_by_text("No messages found").wait_for()
    yield "no-results"
    page.goto(f"{url}/mail/inbox")
    mail.rows().first.wait_for()
    mail.rows().first.get_by_role("checkbox").click()
    yield "selection"
    page.keyboard.press("Escape")
    page.goto(f"{url}/mail/inbox")
    mail.rows().first.wait_for()
    composer = mail.write()
    composer.to("greta@lindqvist.example")
    composer.subject("The cat's path")
    composer.type("Dear Greta,\n\nthe cat keeps her path.")
    yield "composer"
    composer.root.get_by_role("button", name="Discard draft").click()
    page.goto(f"{url}/mail/inbox")
    mail.rows().first.wait_for()
    menu = page.get_by_role("button", name="Show folders")
    if menu.is_visible():
        menu.click()
        yield "folders"
        page.goto(f"{url}/mail/inbox")
        mail.rows().first.wait_for()
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()
    yield "shortcuts"
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.get_by_placeholder("What would you like to do?").wait_for()
    yield "palette"


def main(folder, url, address, password):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"])
        for scheme in ("light", "dark"):
            for width, height in (PHONE, TABLET, DESKTOP):
                context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce", locale="en-GB")
                page = context.new_page()
                page.set_default_timeout(10_000)
                page.goto(url)
                page.get_by_label("Password").wait_for()
                page.screenshot(path=folder / f"login-{width}-{scheme}.png")
                mail = Webmail(page).sign_in(address, password)
                mail.rows().first.wait_for()
                for name in views(mail, url):
                    settle(page)
                    page.screenshot(path=folder / f"{name}-{width}-{scheme}.png")
                context.close()
        browser.close()
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}")


if __name__ == "__main__":
    if len(sys.argv) > 2:
        main(*sys.argv[1:])
    else:
        with demo() as place:
            main(sys.argv[1], *place)
