"""One server for all tests that can share one; each takes fresh accounts, so that none sees another's mail."""

import os
import shutil
import sys
import pathlib

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from portal.mail import ForeignServer
from portal.server import ROOT, Server

CORPORA = ROOT.parent / "shared" / "corpora"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

RECORDS = """foreign.test. 60 IN MX 10 mx.foreign.test.
mx.foreign.test. 60 IN A 127.0.0.1
silent.test. 60 IN MX 10 mx.silent.test.
mx.silent.test. 60 IN A 127.0.0.2
nomail.test. 60 IN MX 0 .
"""


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The shared server with the domain demo.test."""
    server = Server(tmp_path_factory.mktemp("server"), records=RECORDS)
    server.run("domain", "add", "demo.test", "--verified")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own_server(tmp_path):
    """A server of a test's own, not started yet, with the domain demo.test."""
    server = Server(tmp_path, records=RECORDS)
    server.run("domain", "add", "demo.test", "--verified")
    yield server
    server.kill()


@pytest.fixture
def account(server):
    return server.fresh_account()


@pytest.fixture(scope="session")
def foreign(server):
    """The SMTP server that DNS names for foreign.test."""
    foreign = ForeignServer(server.outbound).start()
    yield foreign
    foreign.stop()


@pytest.fixture(scope="session")
def corpora():
    if not CORPORA.is_dir():
        pytest.skip("the corpora are not beside this checkout (../shared/corpora)")
    return CORPORA


@pytest.fixture(scope="session")
def chromium():
    """Debian's Chromium, started once."""
    if CHROMIUM is None:
        pytest.fail("chromium is not installed; script/bootstrap --test installs it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, request):
    """Opens a page in a context of its own. What its console calls an error fails the test."""
    contexts, problems = [], []

    def open_page(url, width=1440, height=900, allow=(), **options):
        # Asking who is signed in is answered by 401 before somebody is, and Chromium calls that an error.
        allow = ("401", *allow)
        context = chromium.new_context(viewport={"width": width, "height": height}, locale="en-GB", **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: problems.append(line.text) if line.type == "error" and not any(part in line.text for part in allow) else None)
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not problems, problems
