"""RFC 8621 §4.4, §4.5, §5 and RFC 8620 §5.5, §5.6: finding emails, and following what was found."""

import pytest

from portal.jmap import MethodError

NEWEST = [{"property": "receivedAt", "isAscending": False}]

# key: (folder, received, keywords, header fields, text)
SEED = {
    "plain": ("inbox", "2026-02-01T10:00:00Z", ["$seen"], {"From": "Alice Sender <alice@x.test>", "To": "me@x.test", "Subject": "Meeting tomorrow"}, "In the conference room, please."),
    "start": ("archive", "2026-02-03T10:00:00Z", ["$seen"], {"From": "me@x.test", "To": "alice@x.test", "Subject": "Project Alpha", "Message-ID": "<alpha1@x.test>"}, "Let us talk."),
    "reply1": ("inbox", "2026-02-04T10:00:00Z", [], {"From": "Alice Sender <alice@x.test>", "To": "me@x.test", "Cc": "carl@y.test", "Subject": "Re: Project Alpha", "Message-ID": "<alpha2@x.test>", "References": "<alpha1@x.test>"}, "Thursday?"),
    "reply2": ("inbox", "2026-02-05T10:00:00Z", ["$answered"], {"From": "Bob <bob@y.test>", "To": "me@x.test", "Subject": "Re: Project Alpha", "Message-ID": "<alpha3@x.test>", "References": "<alpha1@x.test> <alpha2@x.test>"}, "I bring the xylophone."),
    "large": ("archive", "2026-02-06T10:00:00Z", [], {"From": "Eve <eve@x.test>", "To": "me@x.test", "Subject": "Zahlen", "X-Custom": "value-12345"}, "Viele Grüße aus Köln. " + "word " * 4000),
    "flagged": ("inbox", "2026-02-07T10:00:00Z", ["$seen", "$flagged"], {"From": "Zed <zed@x.test>", "To": "Amy <amy@x.test>", "Bcc": "hidden@y.test", "Subject": "Ärger mit dem Drucker"}, "Kein Papier."),
    "japanese": ("inbox", "2026-02-08T10:00:00Z", ["custom"], {"From": "金城武 <kaneshiro@x.test>", "To": "me@x.test", "Subject": "日本語のお知らせ"}, "来週の会議についてお知らせします。"),
    "attached": ("inbox", "2026-02-09T10:00:00Z", [], {"From": "Ben <ben@x.test>", "To": "me@x.test", "Subject": "The report", "MIME-Version": "1.0", "Content-Type": "multipart/mixed; boundary=b"},
                 "--b\r\nContent-Type: text/html\r\n\r\n<p>Please <i>find</i> it</p>\r\n--b\r\nContent-Type: application/pdf; name=quarter.pdf\r\nContent-Disposition: attachment; filename=quarter.pdf\r\n\r\nx\r\n--b--"),
}


class Seeded:
    def __init__(self, jmap):
        self.jmap, self.id = jmap, {}
        self.mailbox = {role: jmap.mailbox(role)["id"] for role in ("inbox", "archive", "trash")}
        for key, (folder, received, keywords, fields, text) in SEED.items():
            content = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
            if "Content-Type" not in fields:
                content += "Content-Type: text/plain; charset=utf-8\r\n"
            blob = jmap.upload(f"{content}\r\n{text}\r\n".encode(), "message/rfc822")["blobId"]
            result = jmap.call("Email/import", emails={"e": {
                "blobId": blob, "mailboxIds": {self.mailbox[folder]: True}, "receivedAt": received,
                "keywords": {each: True for each in keywords}}})
            self.id[key] = result["created"]["e"]["id"]
        self.key = {id: key for key, id in self.id.items()}

    def keys(self, filter=None, **arguments):
        return [self.key[id] for id in self.jmap.ids(filter, **arguments)]


@pytest.fixture(scope="module")
def seeded(server):
    return Seeded(server.fresh_account().jmap)


ALL = set(SEED)
ALPHA = {"start", "reply1", "reply2"}


@pytest.mark.parametrize("filter, expected", [
    (None, ALL), ({}, ALL),
    ({"before": "2026-02-04T10:00:00Z"}, {"plain", "start"}),
    ({"after": "2026-02-08T10:00:00Z"}, {"japanese", "attached"}),
    ({"minSize": 10000}, {"large"}), ({"maxSize": 10000}, ALL - {"large"}),
    ({"hasKeyword": "$flagged"}, {"flagged"}), ({"hasKeyword": "custom"}, {"japanese"}), ({"hasKeyword": "$SEEN"}, {"plain", "start", "flagged"}),
    ({"notKeyword": "$seen"}, ALL - {"plain", "start", "flagged"}),
    ({"someInThreadHaveKeyword": "$answered"}, ALPHA), ({"noneInThreadHaveKeyword": "$answered"}, ALL - ALPHA),
    ({"allInThreadHaveKeyword": "$seen"}, {"plain", "flagged"}),
    ({"hasAttachment": True}, {"attached"}), ({"hasAttachment": False}, ALL - {"attached"}),
    ({"text": "Project Alpha"}, ALPHA), ({"text": "xylophone"}, {"reply2"}), ({"text": "alice"}, {"plain", "start", "reply1"}),
    ({"text": "hidden@y.test"}, {"flagged"}), ({"text": "grusse koln"}, {"large"}), ({"text": "お知らせ"}, {"japanese"}), ({"text": "会議"}, {"japanese"}),
    ({"text": '"conference room"'}, {"plain"}), ({"text": '"room conference"'}, set()), ({"text": "find it"}, {"attached"}),
    ({"from": "alice@x.test"}, {"plain", "reply1"}), ({"from": "Alice Sender"}, {"plain", "reply1"}), ({"from": "金城武"}, {"japanese"}),
    ({"to": "alice"}, {"start"}), ({"cc": "carl@y.test"}, {"reply1"}), ({"bcc": "hidden"}, {"flagged"}),
    ({"subject": "arger drucker"}, {"flagged"}), ({"subject": "xylophone"}, set()), ({"body": "xylophone"}, {"reply2"}), ({"body": "Alpha"}, set()),
    ({"header": ["X-Custom"]}, {"large"}), ({"header": ["x-custom", "12345"]}, {"large"}), ({"header": ["X-Custom", "other"]}, set()),
    ({"operator": "AND", "conditions": [{"hasKeyword": "$seen"}, {"subject": "meeting"}]}, {"plain"}),
    ({"operator": "OR", "conditions": [{"hasKeyword": "$flagged"}, {"text": "xylophone"}]}, {"flagged", "reply2"}),
    ({"operator": "NOT", "conditions": [{"hasKeyword": "$seen"}, {"hasKeyword": "custom"}]}, {"reply1", "reply2", "large", "attached"}),
    ({"operator": "AND", "conditions": [{"operator": "NOT", "conditions": [{"text": "alpha"}]}, {"after": "2026-02-06T00:00:00Z"}]}, {"large", "flagged", "japanese", "attached"}),
    ({"operator": "AND", "conditions": []}, ALL),
], ids=lambda value: str(sorted(value)) if isinstance(value, set) else str(value))
def test_a_filter_finds_what_it_says(seeded, filter, expected):
    assert set(seeded.keys(filter)) == expected


def test_filters_by_mailbox(seeded):
    inbox, archive = seeded.mailbox["inbox"], seeded.mailbox["archive"]
    assert set(seeded.keys({"inMailbox": archive})) == {"start", "large"}
    assert set(seeded.keys({"inMailboxOtherThan": [inbox]})) == {"start", "large"}
    assert set(seeded.keys({"inMailboxOtherThan": [inbox, archive]})) == set()
    assert set(seeded.keys({"inMailbox": inbox, "hasKeyword": "$seen"})) == {"plain", "flagged"}


@pytest.mark.parametrize("sort, first, last", [
    (NEWEST, "attached", "plain"), ([{"property": "receivedAt"}], "plain", "attached"),
    ([{"property": "size", "isAscending": False}], "large", None), ([{"property": "from"}], None, "japanese"),
    ([{"property": "subject", "collation": "i;unicode-casemap"}, {"property": "receivedAt"}], None, None),
    ([{"property": "to"}, {"property": "receivedAt"}], "start", None),
    ([{"property": "hasKeyword", "keyword": "$flagged", "isAscending": False}, {"property": "receivedAt"}], "flagged", "attached"),
    ([{"property": "someInThreadHaveKeyword", "keyword": "$answered", "isAscending": False}, {"property": "receivedAt"}], "start", "attached"),
    ([{"property": "allInThreadHaveKeyword", "keyword": "$seen", "isAscending": False}, {"property": "receivedAt"}], "plain", "attached"),
    ([{"property": "sentAt"}, {"property": "receivedAt", "isAscending": False}], None, None),
], ids=str)
def test_a_sort_puts_them_in_its_order(seeded, sort, first, last):
    keys = seeded.keys(sort=sort)
    assert set(keys) == ALL
    assert first is None or keys[0] == first
    assert last is None or keys[-1] == last


def test_sorting_by_sender_goes_by_the_name_that_is_shown(seeded):
    keys = seeded.keys({"inMailbox": seeded.mailbox["inbox"]}, sort=[{"property": "from"}, {"property": "receivedAt"}])
    assert keys == ["plain", "reply1", "attached", "reply2", "flagged", "japanese"]


def test_pages_are_windows_on_one_list(seeded):
    query = lambda **arguments: seeded.jmap.call("Email/query", sort=NEWEST, **arguments)
    every = query()["ids"]
    assert query(position=2, limit=3)["ids"] == every[2:5]
    assert query(position=2, limit=3)["position"] == 2
    assert (lambda page: (page["ids"], page["position"]))(query(position=-3)) == (every[-3:], len(every) - 3)
    assert query(position=-99)["ids"] == every
    assert query(position=99)["ids"] == []
    assert query(limit=0)["ids"] == []
    assert query(calculateTotal=True)["total"] == len(every)
    assert "total" not in query()
    anchored = query(anchor=every[4], anchorOffset=-2, limit=2)
    assert anchored["ids"] == every[2:4] and anchored["position"] == 2
    assert query(anchor=every[1], anchorOffset=-5, limit=2)["ids"] == every[:2]
    assert query(anchor=every[1], anchorOffset=1)["ids"] == every[2:]


def test_threads_collapse_to_their_first_in_the_order(seeded):
    collapsed = seeded.jmap.call("Email/query", sort=NEWEST, collapseThreads=True, calculateTotal=True)
    keys = [seeded.key[id] for id in collapsed["ids"]]
    assert keys == ["attached", "japanese", "flagged", "large", "reply2", "plain"] and collapsed["total"] == 6
    inbox = seeded.keys({"inMailbox": seeded.mailbox["inbox"]}, sort=[{"property": "receivedAt"}], collapseThreads=True)
    assert inbox == ["plain", "reply1", "flagged", "japanese", "attached"]
    assert seeded.keys(sort=NEWEST, collapseThreads=True, position=4, limit=1) == ["reply2"]


@pytest.mark.parametrize("arguments, type", [
    ({"anchor": "unknown"}, "anchorNotFound"), ({"filter": {"colour": "red"}}, "unsupportedFilter"),
    ({"sort": [{"property": "colour"}]}, "unsupportedSort"), ({"sort": [{"property": "from", "collation": "i;none"}]}, "unsupportedSort"),
    ({"limit": -1}, "invalidArguments"), ({"position": "1"}, "invalidArguments"), ({"filter": {"before": "soon"}}, "invalidArguments"),
    ({"filter": {"operator": "XOR", "conditions": []}}, "invalidArguments"), ({"sort": [{"property": "hasKeyword"}]}, "invalidArguments"),
], ids=str)
def test_a_query_that_makes_no_sense_is_refused(seeded, arguments, type):
    with pytest.raises(MethodError) as refused:
        seeded.jmap.call("Email/query", **arguments)
    assert refused.value.type == type or (type.startswith("unsupported") and refused.value.type == "invalidArguments")


# §5: snippets


def test_snippets_mark_what_was_found(seeded):
    found = lambda key, filter: seeded.jmap.call("SearchSnippet/get", emailIds=[seeded.id[key]], filter=filter)["list"][0]
    assert found("reply2", {"text": "xylophone"})["preview"] == "I bring the <mark>xylophone</mark>."
    assert found("flagged", {"text": "arger"})["subject"] == "<mark>Ärger</mark> mit dem Drucker"
    assert found("reply2", {"subject": "alpha"})["subject"] == "Re: Project <mark>Alpha</mark>"
    nothing = found("plain", {"text": "xylophone"})
    assert nothing["subject"] is None and nothing["preview"] is None


def test_snippets_escape_what_is_not_theirs(account):
    id = account.jmap.import_message(b"Subject: <b>needle</b> & co\r\n\r\n<script>needle</script>\r\n")["id"]
    snippet = account.jmap.call("SearchSnippet/get", emailIds=[id, "unknown"], filter={"text": "needle"})
    assert snippet["list"][0]["subject"] == "&lt;b&gt;<mark>needle</mark>&lt;/b&gt; &amp; co"
    assert "<script>" not in snippet["list"][0]["preview"] and snippet["notFound"] == ["unknown"]


# §4.5 and RFC 8620 §5.6: the changes of a query


def apply(old, changes):
    """What a client's list becomes (RFC 8620 §5.6)."""
    ids = [id for id in old if id not in set(changes["removed"])]
    for added in sorted(changes["added"], key=lambda each: each["index"]):
        ids.insert(added["index"], added["id"])
    return ids


@pytest.mark.parametrize("collapse", [False, True])
@pytest.mark.parametrize("filter", [None, {"hasKeyword": "$flagged"}, {"text": "alpha"}], ids=str)
def test_the_changes_of_a_query_lead_to_its_new_answer(server, filter, collapse):
    seeded = Seeded(server.fresh_account().jmap)
    jmap, id = seeded.jmap, seeded.id
    query = {"filter": filter, "sort": NEWEST, "collapseThreads": collapse}
    steps = [
        lambda: jmap.import_message(b"From: a@x.test\r\nSubject: Project Alpha again\r\n\r\nx\r\n", keywords={"$flagged": True}),
        lambda: jmap.call("Email/set", update={id["plain"]: {"keywords/$flagged": True}}),
        lambda: jmap.call("Email/set", update={id["flagged"]: {"keywords": {}}}),
        lambda: jmap.call("Email/set", destroy=[id["reply2"], id["attached"]]),
        lambda: jmap.call("Email/set", update={id["reply1"]: {"mailboxIds": {seeded.mailbox["trash"]: True}}}),
    ]
    first = jmap.call("Email/query", **query)
    for step in steps:
        before = jmap.call("Email/query", **query)
        step()
        after = jmap.call("Email/query", **query, calculateTotal=True)
        changes = jmap.call("Email/queryChanges", **query, sinceQueryState=before["queryState"], calculateTotal=True)
        assert apply(before["ids"], changes) == after["ids"]
        assert changes["newQueryState"] == after["queryState"] and changes["total"] == after["total"]
    changes = jmap.call("Email/queryChanges", **query, sinceQueryState=first["queryState"])
    assert apply(first["ids"], changes) == jmap.call("Email/query", **query)["ids"]


def test_no_changes_are_no_changes(seeded):
    state = seeded.jmap.call("Email/query", filter=None)["queryState"]
    changes = seeded.jmap.call("Email/queryChanges", filter=None, sinceQueryState=state)
    assert changes["removed"] == [] and changes["added"] == [] and changes["oldQueryState"] == state


def test_changes_of_a_query_from_nowhere_cannot_be_calculated(seeded):
    with pytest.raises(MethodError) as refused:
        seeded.jmap.call("Email/queryChanges", sinceQueryState="zzz.1")
    assert refused.value.type == "cannotCalculateChanges"


def test_more_changes_than_wanted_are_too_many(server):
    jmap = server.fresh_account().jmap
    state = jmap.call("Email/query", filter=None)["queryState"]
    for number in range(3):
        jmap.import_message(f"Subject: {number}\r\n\r\nx".encode())
    with pytest.raises(MethodError) as refused:
        jmap.call("Email/queryChanges", sinceQueryState=state, maxChanges=2)
    assert refused.value.type == "tooManyChanges"
