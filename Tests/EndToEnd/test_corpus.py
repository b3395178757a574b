"""Real and broken mail: every message of the corpus goes in by LMTP, is listed, and comes back byte for byte."""

import json

from portal.mail import LMTP, canonical, message
from portal.pages import Webmail

# Runs in the page: goes through all conversations by `j`, unfolds every message, and reports what was not shown.
OPEN_ALL = """
async () => {
  const frame = () => new Promise((go) => setTimeout(go, 4));
  const until = async (what, condition) => {
    const deadline = performance.now() + 15_000;
    while (!condition()) {
      if (performance.now() > deadline) throw new Error(`${what} at ${location.pathname}`);
      await frame();
    }
  };
  const isShown = (message) => message.querySelector('.message-error, .message-body-failed')
    || (message.querySelector('.message-body iframe')?.contentDocument?.querySelector('.mp-root'));
  const problems = [];
  let messages = 0, conversations = 0;
  for (;;) {
    await until('a message', () => document.querySelector('.message.is-open'));
    document.querySelector('.conversation-older')?.click();
    document.querySelectorAll('.message-fold[aria-expanded=false]').forEach((fold) => fold.click());
    await until('all texts', () => [...document.querySelectorAll('.message')].every(isShown));
    for (const failed of document.querySelectorAll('.message-error, .message-body-failed')) problems.push(`${location.pathname}: ${failed.textContent}`);
    messages += document.querySelectorAll('.message').length;
    conversations += 1;
    const next = document.querySelector('.conversation-toolbar [aria-label=Older]');
    if (!next || next.disabled) return { messages, conversations, problems };
    const before = location.pathname;
    next.click();
    await until('the next conversation', () => location.pathname !== before);
  }
}
"""


def corpus(corpora):
    """(name, bytes) of the messages, as an MTA would hand them over."""
    folder = corpora / "mail"
    for line in (folder / "ORACLE.jsonl").read_text().splitlines():
        path = json.loads(line)["path"]
        content = (folder / path).read_bytes()
        if content.startswith(b"From "):
            content = content.split(b"\n", 1)[1]
        content = canonical(content)
        yield path, content if content.endswith(b"\r\n") else content + b"\r\n"


def lines_of_trace(lmtp, account):
    """How many lines the server writes on top; some of the corpus begin in ways that hide where those end."""
    probe = message("Probe", to=account.address)
    lmtp.deliver("a@foreign.test", [account.address], probe)
    email = account.jmap.find("Probe")[0]
    top = account.jmap.download(email["blobId"]).removesuffix(probe)
    assert top.startswith(b"Return-Path: <a@foreign.test>\r\n") and b"\r\nReceived: " in top and top.endswith(b"\r\n")
    account.jmap.call("Email/set", destroy=[email["id"]])
    return top.count(b"\r\n")


def after(lines, content):
    """`content` without its first lines, and without the field that a message gets which begins in the middle of one."""
    rest = content.split(b"\r\n", lines)[lines]
    return rest.split(b"\r\n", 1)[1] if rest.startswith(b"X-Stray-Line:") else rest


def test_every_message_is_delivered_listed_and_given_back(server, account, corpora):
    messages = list(corpus(corpora))
    with LMTP(server.lmtp) as lmtp:
        trace = lines_of_trace(lmtp, account)
        for name, content in messages:
            code, reply = lmtp.deliver("a@foreign.test", [account.address], content)[account.address]
            assert code == 250, (name, code, reply)

    jmap = account.jmap
    ids, emails = [], []
    while True:
        page = jmap.ids({"inMailbox": jmap.mailbox("inbox")["id"]}, sort=[{"property": "receivedAt"}], position=len(ids), limit=250)
        if not page:
            break
        ids += page
        emails += jmap.emails(page, "id", "blobId", "subject", "preview", "receivedAt", "hasAttachment", "bodyStructure", "size")
    assert len(ids) == len(set(ids)) == len(messages)

    given = sorted(after(trace, jmap.download(each["blobId"])) for each in emails)
    expected = sorted(content for _, content in messages)
    assert [len(each) for each in given] == [len(each) for each in expected]
    assert given == expected
    assert all(each["size"] > 0 for each in emails)


def test_verify_finds_nothing_wrong_with_the_corpus(server, account, corpora):
    with LMTP(server.lmtp) as lmtp:
        for _, content in list(corpus(corpora))[::7]:
            lmtp.deliver("a@foreign.test", [account.address], content)
    done = server.run("verify", account.address, check=False)
    assert done.returncode == 0, done.stdout.decode()[:2_000]


def test_every_message_opens_in_the_browser(server, corpora, open_page):
    person = server.fresh_account("corpus")
    messages = list(corpus(corpora))
    with LMTP(server.lmtp) as lmtp:
        for _, content in messages:
            lmtp.deliver("a@foreign.test", [person.address], content)
    page = open_page(server.url, allow=["Content Security Policy", "Failed to load resource", "Blocked script execution", "blob:"])
    mail = Webmail(page).sign_in(person.address, person.password)
    mail.rows().first.wait_for()
    mail.rows().first.locator(".row-text").click()
    page.set_default_timeout(400_000)
    seen = page.evaluate(OPEN_ALL)
    assert seen["problems"] == []
    assert seen["messages"] == len(messages), seen
