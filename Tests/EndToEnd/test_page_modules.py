"""The small modules of the pages, each alone, in the browser that runs them."""

import pytest

from portal.pages import DESKTOP

TRASH, JUNK, RECEIPTS = "t", "j", "r"
ELSEWHERE = {"inMailboxOtherThan": [JUNK, TRASH]}


@pytest.fixture
def run(server, open_page):
    """Runs an async function of the browser with one argument."""
    page = open_page(server.url, *DESKTOP)
    page.get_by_label("Password").wait_for()
    return page.evaluate


SEARCHES = [
    ("", None),
    ("larch", {"operator": "AND", "conditions": [{"text": "larch"}, ELSEWHERE]}),
    ("larch pine", {"operator": "AND", "conditions": [{"text": "larch"}, {"text": "pine"}, ELSEWHERE]}),
    ('"larch window"', {"operator": "AND", "conditions": [{"text": '"larch window"'}, ELSEWHERE]}),
    ("-larch", {"operator": "AND", "conditions": [{"operator": "NOT", "conditions": [{"text": "larch"}]}, ELSEWHERE]}),
    ("from:bob in:receipts", {"operator": "AND", "conditions": [{"from": "bob"}, {"inMailbox": RECEIPTS}]}),
    ("in:receipts", {"inMailbox": RECEIPTS}),
    ('subject:"two words" in:receipts', {"operator": "AND", "conditions": [{"subject": "two words"}, {"inMailbox": RECEIPTS}]}),
    ("has:attachment in:receipts", {"operator": "AND", "conditions": [{"hasAttachment": True}, {"inMailbox": RECEIPTS}]}),
    ("is:unread in:receipts", {"operator": "AND", "conditions": [{"notKeyword": "$seen"}, {"inMailbox": RECEIPTS}]}),
    ("is:starred in:receipts", {"operator": "AND", "conditions": [{"hasKeyword": "$flagged"}, {"inMailbox": RECEIPTS}]}),
    ("larger:5MB in:receipts", {"operator": "AND", "conditions": [{"minSize": 5_000_000}, {"inMailbox": RECEIPTS}]}),
    ("smaller:10k in:receipts", {"operator": "AND", "conditions": [{"maxSize": 10_000}, {"inMailbox": RECEIPTS}]}),
    ("from: in:receipts", {"inMailbox": RECEIPTS}),
    ("http://example.org/a in:receipts", {"operator": "AND", "conditions": [{"text": "http://example.org/a"}, {"inMailbox": RECEIPTS}]}),
]


@pytest.mark.parametrize("text,filter", SEARCHES, ids=[text or "nothing" for text, _ in SEARCHES])
def test_a_search_is_read_into_a_filter(run, text, filter):
    found = run("""async ([text, trash, junk, receipts]) => {
        const { parseSearch } = await import('/js/mail/search-query.js');
        return parseSearch(text, { folderId: (name) => ({ receipts })[name], excluded: [junk, trash] }).filter;
    }""", [text, TRASH, JUNK, RECEIPTS])
    assert found == filter


def test_a_day_in_a_search_begins_where_the_reader_is(run):
    assert run("""async () => {
        const { dateOf } = await import('/js/mail/search-query.js');
        const day = new Date(2026, 10, 23).toISOString().replace('.000Z', 'Z');
        return [dateOf('2026-11-23') === day, dateOf('nonsense'), new Date(dateOf('7d')) < new Date()];
    }""") == [True, None, True]


def test_a_snippet_becomes_text_and_marks_and_never_html(run):
    assert run("""async () => {
        const { snippetPieces } = await import('/js/mail/search-query.js');
        return snippetPieces('a &lt;b&gt; <mark>c &amp; d</mark> e&#39;');
    }""") == [{"text": "a <b> ", "isHit": False}, {"text": "c & d", "isHit": True}, {"text": " e'", "isHit": False}]


def test_a_patch_and_its_inverse_lead_back(run):
    assert run("""async () => {
        const { applyPatch, inversePatch } = await import('/js/jmap/patch.js');
        const record = { id: 'e', keywords: { $seen: true }, mailboxIds: { a: true } };
        const patch = { 'keywords/$seen': null, 'keywords/$flagged': true, mailboxIds: { b: true } };
        const after = applyPatch(record, patch);
        return [after, applyPatch(after, inversePatch(record, patch)), record.keywords];
    }""") == [
        {"id": "e", "keywords": {"$flagged": True}, "mailboxIds": {"b": True}},
        {"id": "e", "keywords": {"$seen": True}, "mailboxIds": {"a": True}},
        {"$seen": True},
    ]


def test_calls_that_refer_to_one_another_stay_in_one_request(run):
    assert run("""async () => {
        const { splitCalls } = await import('/js/jmap/client.js');
        const call = (id, of) => ({ id, name: 'X/get', args: of ? { '#ids': { resultOf: of, name: 'X/query', path: '/ids' } } : {} });
        return splitCalls([call('a'), call('b'), call('c', 'a'), call('d', 'c'), call('e')], 3).map((request) => request.map(({ id }) => id));
    }""") == [["a", "c", "d"], ["b", "e"]]


def test_a_change_shows_at_once_and_goes_when_it_is_refused(run):
    assert run("""async () => {
        const { createStore } = await import('/js/jmap/store.js');
        let answer;
        const client = { call: (name) => Object.assign(name === 'Email/set' ? new Promise((resolve) => { answer = resolve; }) : new Promise(() => {}), { ref: () => ({}) }) };
        const store = createStore(client);
        store.put('Email', [{ id: 'e', keywords: {} }]);
        const work = store.update('Email', { e: { 'keywords/$seen': true } });
        const during = store.get('Email', 'e').keywords;
        answer({ updated: {}, notUpdated: { e: { type: 'forbidden' } } });
        const error = await work.catch((reason) => reason.type);
        return [during, error, store.get('Email', 'e').keywords];
    }""") == [{"$seen": True}, "forbidden", {}]


def test_what_the_server_says_meanwhile_does_not_hide_a_change_on_its_way(run):
    assert run("""async () => {
        const { createStore } = await import('/js/jmap/store.js');
        const client = { call: () => Object.assign(new Promise(() => {}), { ref: () => ({}) }) };
        const store = createStore(client);
        store.put('Email', [{ id: 'e', keywords: {}, subject: 'old' }]);
        void store.update('Email', { e: { 'keywords/$seen': true } });
        store.put('Email', [{ id: 'e', keywords: { $flagged: true }, subject: 'new' }]);
        return store.get('Email', 'e');
    }""") == {"id": "e", "keywords": {"$flagged": True, "$seen": True}, "subject": "new"}


@pytest.mark.parametrize("tag,props", [
    ("a", {"href": "javascript:alert(1)"}), ("a", {"href": " JaVaScRiPt:alert(1)"}), ("a", {"href": "data:text/html,x"}), ("iframe", {"srcdoc": "<p>"}), ("div", {"onclick": "alert(1)"}),
])
def test_the_element_helper_refuses_what_could_run(run, tag, props):
    assert run("""async ([tag, props]) => {
        const { h } = await import('/js/lib/dom.js');
        try { h(tag, props); return 'made'; } catch (error) { return error.name; }
    }""", [tag, props]) == "TypeError"


def test_a_string_is_text(run):
    assert run("""async () => {
        const { h } = await import('/js/lib/dom.js');
        const element = h('p', null, '<img src=x onerror=alert(1)>');
        return [element.childElementCount, element.textContent];
    }""") == [0, "<img src=x onerror=alert(1)>"]


def test_initials_and_short_names(run):
    assert run("""async () => {
        const { initials, shortName } = await import('/js/lib/format.js');
        const of = (name, email = 'x@y.test') => [initials({ name, email }), shortName({ name, email })];
        return [of('Ada Lovelace'), of('Wren & Co. Accounting'), of('שרה לוי'), of(null, 'ops@y.test'), of('“Bob”')];
    }""") == [["AL", "Ada"], ["WA", "Wren & Co. Accounting"], ["של", "שרה לוי"], ["O", "ops"], ["B", "“Bob”"]]


def test_keys_are_shown_as_caps(run):
    assert run("""async () => {
        const { keyCaps } = await import('/js/lib/keys.js');
        return ['j', 'g i', '#', 'Shift+ArrowDown', '?', 'Shift+Space'].map(keyCaps);
    }""") == [[["J"]], [["G"], ["I"]], [["#"]], [["Shift", "↓"]], [["?"]], [["Shift", "Space"]]]
