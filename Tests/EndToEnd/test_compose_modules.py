"""The small modules of the pages, as tables: addresses, answers, text from HTML, flowed text, links, archives. They run in Chromium, as
they are served."""

import base64
import io
import zipfile

import pytest


@pytest.fixture(scope="module")
def page(server, chromium):
    context = chromium.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(server.url + "/")
    yield page
    context.close()


def call(page, module, expression, argument=None):
    """The value of `expression`, in which `m` is the module and `x` the argument."""
    return page.evaluate("async ([module, expression, x]) => { const m = await import(module); return eval(expression); }".replace(
        "eval(expression)", expression), [module, "", argument])


ADDRESSES = [
    ("ann@example.org", [[None, "ann@example.org"]]),
    ("Ann Lee <ann@example.org>, bob@example.org", [["Ann Lee", "ann@example.org"], [None, "bob@example.org"]]),
    ('"Lee, Ann" <ann@example.org>; Bob <bob@example.org>', [["Lee, Ann", "ann@example.org"], ["Bob", "bob@example.org"]]),
    ("ann@example.org\nbob@example.org\n", [[None, "ann@example.org"], [None, "bob@example.org"]]),
    ("ann@example.org bob@example.org", [[None, "ann@example.org"], [None, "bob@example.org"]]),
    ("mailto:ann@example.org", [[None, "ann@example.org"]]),
    ("Ann ann@example.org", [["Ann", "ann@example.org"]]),
    ("nobody", [[None, "nobody"]]),
    (" , ;", []),
]


@pytest.mark.parametrize("text, expected", ADDRESSES)
def test_addresses_are_read_as_people_write_them(page, text, expected):
    assert call(page, "/js/mail/compose-addresses.js", "m.parseAddresses(x).map(a => [a.name, a.email])", text) == expected


@pytest.mark.parametrize("text, valid", [
    ("a@b", True), ("ann.lee+x@mail.example.org", True), ("ann@bücher.example", True), ("ann@", False), ("@b.c", False), ("a b@c.d", False),
    ("ann@-a.b", False), ("ann..lee@a.b", False), (".ann@a.b", False), ("ann@a..b", False), ("ann@a.b,", False),
])
def test_what_is_an_address(page, text, valid):
    assert call(page, "/js/mail/compose-addresses.js", "m.isValidAddress(x)", text) is valid


@pytest.mark.parametrize("address, text", [
    ({"name": None, "email": "a@b.c"}, "a@b.c"), ({"name": "Ann", "email": "a@b.c"}, "Ann <a@b.c>"),
    ({"name": "Lee, Ann", "email": "a@b.c"}, '"Lee, Ann" <a@b.c>'), ({"name": 'A "B" C', "email": "a@b.c"}, '"A \\"B\\" C" <a@b.c>'),
])
def test_addresses_are_written_so_that_they_read_the_same(page, address, text):
    assert call(page, "/js/mail/compose-addresses.js", "m.formatAddress(x)", address) == text
    assert call(page, "/js/mail/compose-addresses.js", "m.parseAddresses(m.formatAddress(x))[0]", address) == address


@pytest.mark.parametrize("subject, mode, expected", [
    ("Lunch", "reply", "Re: Lunch"), ("Re: Lunch", "replyAll", "Re: Lunch"), ("RE: AW: Lunch", "reply", "Re: Lunch"), ("Re[2]: Lunch", "reply", "Re: Lunch"),
    ("Fwd: Lunch", "reply", "Re: Fwd: Lunch"), ("Re: Lunch", "forward", "Fwd: Lunch"), ("WG: Fw: Lunch", "forward", "Fwd: Lunch"), (None, "reply", "Re: "),
    ("Regarding lunch", "reply", "Re: Regarding lunch"),
])
def test_subjects_of_answers(page, subject, mode, expected):
    assert call(page, "/js/mail/compose-reply.js", "m.subjectOf(x[0], x[1])", [subject, mode]) == expected


def people(*emails):
    return [{"name": None, "email": email} for email in emails]


RECIPIENTS = [
    ({"from": people("bob@b.c"), "to": people("me@a.b", "carol@b.c"), "cc": people("dan@b.c")}, "reply", ["bob@b.c"], []),
    ({"from": people("bob@b.c"), "to": people("me@a.b", "carol@b.c"), "cc": people("dan@b.c")}, "replyAll", ["bob@b.c"], ["carol@b.c", "dan@b.c"]),
    ({"from": people("bob@b.c"), "replyTo": people("list@b.c"), "to": people("ME@a.b"), "cc": []}, "reply", ["list@b.c"], []),
    ({"from": people("me@a.b"), "to": people("bob@b.c", "carol@b.c"), "cc": people("dan@b.c")}, "reply", ["bob@b.c", "carol@b.c"], []),
    ({"from": people("me@a.b"), "to": people("bob@b.c"), "cc": people("dan@b.c", "bob@b.c")}, "replyAll", ["bob@b.c"], ["dan@b.c"]),
    ({"from": people("bob@b.c"), "to": people("me@a.b"), "cc": []}, "forward", [], []),
]


@pytest.mark.parametrize("email, mode, to, cc", RECIPIENTS)
def test_whom_an_answer_goes_to(page, email, mode, to, cc):
    found = call(page, "/js/mail/compose-reply.js", "m.recipientsOf(x[0], x[1], ['me@a.b'])", [email, mode])
    assert ([a["email"] for a in found["to"]], [a["email"] for a in found["cc"]]) == (to, cc)


@pytest.mark.parametrize("email, mode, reply, references", [
    ({"messageId": ["3"], "references": ["1", "2"], "inReplyTo": ["2"]}, "reply", ["3"], ["1", "2", "3"]),
    ({"messageId": ["2"], "references": None, "inReplyTo": ["1"]}, "reply", ["2"], ["1", "2"]),
    ({"messageId": ["2"], "references": None, "inReplyTo": ["0", "1"]}, "reply", ["2"], ["2"]),
    ({"messageId": None, "references": ["1"], "inReplyTo": None}, "reply", None, None),
    ({"messageId": ["3"], "references": ["1"], "inReplyTo": None}, "forward", None, ["1", "3"]),
])
def test_the_place_in_the_conversation(page, email, mode, reply, references):
    found = call(page, "/js/mail/compose-reply.js", "m.threadOf(x[0], x[1])", [email, mode])
    assert (found["inReplyTo"], found["references"]) == (reply, references)


def test_mailto_addresses(page):
    found = call(page, "/js/mail/compose-reply.js", "m.readMailto(x)", "mailto:a@b.c,d@e.f?cc=g%40h.i&subject=A%26B&body=One%0ATwo&attach=/etc/passwd&to=j@k.l")
    assert found == {"to": "a@b.c,d@e.f, j@k.l", "cc": "g@h.i", "bcc": "", "subject": "A&B", "body": "One\nTwo"}


# Trees as nested lists (tag, children…), since the pages turn no text into HTML.
BUILD = """(() => { const make = (n) => { if (typeof n === 'string') return document.createTextNode(n); const [tag, ...rest] = n; const e = document.createElement(tag.split(' ')[0]);
  if (tag.includes(' ')) e.setAttribute('href', tag.split(' ')[1]); e.append(...rest.map(make)); return e; }; return m.textOf(make(['div', ...x])); })()"""


@pytest.mark.parametrize("tree, text", [
    ([["div", "One"], ["div", "Two"]], "One\nTwo"),
    ([["p", "One"], ["p", "Two"]], "One\n\nTwo"),
    ([["div", "One"], ["div", ["br"]], ["div", "Two"]], "One\n\nTwo"),
    (["a  \n b", ["b", " c"], ["br"], "d"], "a b c\nd"),
    ([["ul", ["li", "one"], ["li", "two", ["ul", ["li", "in"]]]]], "- one\n- two\n  - in"),
    ([["ol", ["li", "one"], ["li", "two"]]], "1. one\n2. two"),
    (["See", ["blockquote", ["div", "said"], ["blockquote", "before"]], "yes"], "See\n\n> said\n>\n>> before\n\nyes"),
    ([["a https://example.org/", "here"]], "here <https://example.org/>"),
    ([["a https://example.org/", "https://example.org"]], "https://example.org"),
    ([["pre", "a  b\n  c"]], "a  b\n  c"),
    ([["table", ["tr", ["td", "1"], ["td", "2"]]]], "1  2"),
    ([["style", "p{}"], "x"], "x"),
])
def test_rich_text_as_plain_text(page, tree, text):
    assert call(page, "/js/mail/compose-text.js", BUILD, tree) == text


@pytest.mark.parametrize("text, flowed, expected", [
    ("One \ntwo\nthree", True, [[0, "One two"], [0, "three"]]),
    ("One \ntwo", False, [[0, "One "], [0, "two"]]),
    ("> a \n> b\n>> c", True, [[1, "a b"], [2, "c"]]),
    ("> > deep\n>plain", False, [[2, "deep"], [1, "plain"]]),
    ("text\n-- \nname", True, [[0, "text"], [0, "-- "], [0, "name"]]),
    (" stuffed", True, [[0, "stuffed"]]),
])
def test_flowed_text(page, text, flowed, expected):
    assert call(page, "/js/mail/plain-text.js", "m.readLines(x[0], x[1]).map(l => [l.depth, l.text])", [text, flowed]) == expected


@pytest.mark.parametrize("text, links", [
    ("see https://example.org/a(b), or (https://example.org/c).", ["https://example.org/a(b)", "https://example.org/c"]),
    ("www.example.org!", ["https://www.example.org/"]),
    ("write to ann@example.org.", ["mailto:ann@example.org"]),
    ("<https://example.org/?a=1&b=2>", ["https://example.org/?a=1&b=2"]),
    ("javascript:alert(1) file:///etc x@y", []),
])
def test_addresses_in_text_become_links(page, text, links):
    found = call(page, "/js/mail/plain-text.js", "(() => { const e = document.createElement('div'); m.linkify(e, x); return [e.textContent, [...e.querySelectorAll('a')].map(a => a.href)]; })()", text)
    assert found == [text, links]


def test_an_archive_opens(page):
    found = call(page, "/js/mail/zip.js", """m.zipBlob([{ name: 'a/../ü.txt', bytes: new TextEncoder().encode('hello') }, { name: 'b', bytes: new Uint8Array(70000).fill(7) }, { name: 'b', bytes: new Uint8Array() }])
        .arrayBuffer().then(b => { let s = ''; for (const c of new Uint8Array(b)) s += String.fromCharCode(c); return btoa(s); })""")
    archive = zipfile.ZipFile(io.BytesIO(base64.b64decode(found)))
    assert archive.testzip() is None
    assert archive.namelist() == ["a_.._ü.txt", "b", "b (2)"]
    assert archive.read("a_.._ü.txt") == b"hello"
