"""RFC 8621 §4.1, §4.2, §4.8, §4.9: what an email is told to be, and import and parse."""

import base64

import pytest

from portal.jmap import MethodError

RICH = (
    b"From: =?UTF-8?B?Sm9zw6k=?= <jose@x.test>, Plain <plain@x.test>\r\n"
    b"Sender: <sender@x.test>\r\n"
    b"To: Team: a@x.test, \"B, the second\" <b@x.test>;, c@x.test\r\n"
    b"Cc: undisclosed-recipients:;\r\n"
    b"Subject: =?ISO-8859-1?Q?Caf=E9?=\r\n  =?ISO-8859-1?Q?_cr=E8me?=\r\n"
    b"Date: Thu, 5 Mar 2026 09:30:00 +0530\r\n"
    b"Message-ID: <one@x.test>\r\n"
    b"In-Reply-To: <zero@x.test>\r\n"
    b"References: <minus@x.test>\r\n <zero@x.test>\r\n"
    b"List-Unsubscribe: <https://x.test/unsub>, <mailto:unsub@x.test>\r\n"
    b"X-Note: first\r\n"
    b"X-Note: second\r\n"
    b"MIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=outer\r\n"
    b"\r\n"
    b"preamble\r\n"
    b"--outer\r\n"
    b"Content-Type: multipart/alternative; boundary=inner\r\n\r\n"
    b"--inner\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"Gr=C3=BC=C3=9Fe aus dem Text\r\n"
    b"--inner\r\n"
    b"Content-Type: text/html; charset=iso-8859-1\r\n\r\n"
    b"<p>Gr\xfc\xdfe aus dem <b>HTML</b></p>\r\n"
    b"--inner--\r\n"
    b"--outer\r\n"
    b"Content-Type: application/pdf; name*=utf-8''%C3%BCbersicht.pdf\r\n"
    b"Content-Disposition: attachment; filename*=utf-8''%C3%BCbersicht.pdf\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n"
    + base64.encodebytes(b"%PDF-1.4 pretend").replace(b"\n", b"\r\n") +
    b"--outer\r\n"
    b"Content-Type: image/png\r\nContent-ID: <pic@x.test>\r\nContent-Disposition: inline\r\nContent-Language: en, de\r\n"
    b"Content-Location: pic.png\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + base64.encodebytes(b"\x89PNG pretend").replace(b"\n", b"\r\n") +
    b"--outer--\r\n"
)


def get(jmap, id, properties, **arguments):
    return jmap.call("Email/get", ids=[id], properties=properties, **arguments)["list"][0]


@pytest.fixture(scope="module")
def rich(server):
    person = server.fresh_account()
    return person.jmap, person.jmap.import_message(RICH, keywords={"$seen": True, "mine": True})


def test_the_metadata_of_an_email(rich):
    jmap, made = rich
    email = get(jmap, made["id"], ["id", "blobId", "threadId", "mailboxIds", "keywords", "size", "receivedAt", "hasAttachment", "preview"])
    assert email["keywords"] == {"$seen": True, "mine": True}
    assert email["mailboxIds"] == {jmap.mailbox("inbox")["id"]: True}
    assert email["size"] == len(RICH) and email["hasAttachment"] is True
    assert email["receivedAt"].endswith("Z") and email["preview"] == "Grüße aus dem Text"
    assert {key: email[key] for key in ("id", "blobId", "threadId", "size")} == {key: made[key] for key in ("id", "blobId", "threadId", "size")}


def test_without_properties_the_usual_ones_come(rich):
    jmap, made = rich
    email = jmap.call("Email/get", ids=[made["id"]])["list"][0]
    assert set(email) == {
        "id", "blobId", "threadId", "mailboxIds", "keywords", "size", "receivedAt", "messageId", "inReplyTo", "references",
        "sender", "from", "to", "cc", "bcc", "replyTo", "subject", "sentAt", "hasAttachment", "preview", "bodyValues",
        "textBody", "htmlBody", "attachments"}
    assert email["bodyValues"] == {} and email["replyTo"] is None and email["bcc"] is None


def test_the_convenient_header_properties(rich):
    jmap, made = rich
    email = get(jmap, made["id"], ["messageId", "inReplyTo", "references", "sender", "from", "to", "cc", "subject", "sentAt"])
    assert email["messageId"] == ["one@x.test"] and email["inReplyTo"] == ["zero@x.test"]
    assert email["references"] == ["minus@x.test", "zero@x.test"]
    assert email["sender"] == [{"name": None, "email": "sender@x.test"}]
    assert email["from"] == [{"name": "José", "email": "jose@x.test"}, {"name": "Plain", "email": "plain@x.test"}]
    assert [each["email"] for each in email["to"]] == ["a@x.test", "b@x.test", "c@x.test"]
    assert email["to"][1]["name"] == "B, the second" and email["cc"] == []
    assert email["subject"] == "Café crème" and email["sentAt"] == "2026-03-05T09:30:00+05:30"


@pytest.mark.parametrize("property, value", [
    ("header:X-Note", " second"), ("header:x-note:asText", "second"), ("header:X-Note:all", [" first", " second"]),
    ("header:X-Note:asText:all", ["first", "second"]), ("header:X-Missing", None), ("header:X-Missing:all", []),
    ("header:Message-ID:asMessageIds", ["one@x.test"]), ("header:Date:asDate", "2026-03-05T09:30:00+05:30"),
    ("header:List-Unsubscribe:asURLs", ["https://x.test/unsub", "mailto:unsub@x.test"]),
    ("header:Subject:asText", "Café crème"),
    ("header:Sender:asAddresses", [{"name": None, "email": "sender@x.test"}]),
    ("header:To:asGroupedAddresses", [
        {"name": "Team", "addresses": [{"name": None, "email": "a@x.test"}, {"name": "B, the second", "email": "b@x.test"}]},
        {"name": None, "addresses": [{"name": None, "email": "c@x.test"}]}]),
    ("header:References", " <minus@x.test>\r\n <zero@x.test>"),
])
def test_a_header_in_a_form_of_ones_choice(rich, property, value):
    jmap, made = rich
    assert get(jmap, made["id"], [property])[property] == value


@pytest.mark.parametrize("property", [
    "header:From:asDate", "header:Date:asAddresses", "header:Subject:asURLs", "header:X-Note:asNothing", "header:", "header:From:all:asText",
])
def test_a_form_that_the_header_does_not_have_is_refused(rich, property):
    jmap, made = rich
    with pytest.raises(MethodError) as refused:
        get(jmap, made["id"], [property])
    assert refused.value.type == "invalidArguments"


def test_the_body_as_a_tree(rich):
    jmap, made = rich
    structure = get(jmap, made["id"], ["bodyStructure"])["bodyStructure"]
    assert (structure["type"], structure["partId"], structure["blobId"]) == ("multipart/mixed", None, None)
    alternative, pdf, picture = structure["subParts"]
    assert [each["type"] for each in alternative["subParts"]] == ["text/plain", "text/html"]
    assert (pdf["name"], pdf["disposition"], pdf["size"], pdf["charset"]) == ("übersicht.pdf", "attachment", 16, None)
    assert (picture["cid"], picture["language"], picture["location"]) == ("pic@x.test", ["en", "de"], "pic.png")
    assert alternative["subParts"][1]["charset"] == "iso-8859-1"


def test_the_body_as_lists_and_values(rich):
    jmap, made = rich
    email = get(jmap, made["id"], ["textBody", "htmlBody", "attachments", "bodyValues"], fetchAllBodyValues=True,
                bodyProperties=["partId", "type", "name", "blobId"])
    text, html = email["textBody"][0], email["htmlBody"][0]
    assert text["type"] == "text/plain" and html["type"] == "text/html"
    assert email["bodyValues"][text["partId"]] == {"value": "Grüße aus dem Text", "isEncodingProblem": False, "isTruncated": False}
    assert "Grüße aus dem <b>HTML</b>" in email["bodyValues"][html["partId"]]["value"]
    assert [each["name"] for each in email["attachments"] if each["type"] == "application/pdf"] == ["übersicht.pdf"]
    pdf = next(each for each in email["attachments"] if each["type"] == "application/pdf")
    assert jmap.download(pdf["blobId"], "x.pdf", "application/pdf") == b"%PDF-1.4 pretend"


@pytest.mark.parametrize("argument, types", [("fetchTextBodyValues", {"text/plain"}), ("fetchHTMLBodyValues", {"text/html"})])
def test_only_the_values_that_were_asked_for(rich, argument, types):
    jmap, made = rich
    email = get(jmap, made["id"], ["textBody", "htmlBody", "bodyValues"], **{argument: True})
    parts = {each["partId"]: each["type"] for each in email["textBody"] + email["htmlBody"]}
    # The picture stands in both lists, but it is no text.
    assert {parts[part] for part in email["bodyValues"]} == types


def test_long_values_are_cut_between_characters(account):
    id = account.jmap.import_message("Content-Type: text/plain; charset=utf-8\r\n\r\n".encode() + "ä".encode() * 500)["id"]
    email = get(account.jmap, id, ["textBody", "bodyValues"], fetchTextBodyValues=True, maxBodyValueBytes=101)
    (value,) = email["bodyValues"].values()
    assert value["isTruncated"] is True and value["value"] == "ä" * 50


def test_headers_of_a_part(rich):
    jmap, made = rich
    email = get(jmap, made["id"], ["htmlBody", "headers"], bodyProperties=["headers", "header:Content-ID:asMessageIds", "type"])
    picture = next(each for each in email["htmlBody"] if each["type"] == "image/png")
    assert picture["header:Content-ID:asMessageIds"] == ["pic@x.test"]
    assert {"name": "Content-Location", "value": " pic.png"} in picture["headers"]
    assert email["headers"][0]["name"] == "From" and len([each for each in email["headers"] if each["name"] == "X-Note"]) == 2


def test_the_message_comes_back_byte_for_byte(rich):
    jmap, made = rich
    assert jmap.download(made["blobId"]) == RICH


def test_an_unknown_charset_says_so_and_loses_no_text(account):
    id = account.jmap.import_message(b"Content-Type: text/plain; charset=x-martian\r\n\r\nplain words\r\n")["id"]
    email = get(account.jmap, id, ["textBody", "bodyValues"], fetchTextBodyValues=True)
    (value,) = email["bodyValues"].values()
    assert "plain words" in value["value"] and value["isEncodingProblem"] is True


def test_malformed_messages_are_emails_too(account):
    for content in (b"Subject: \x01\x02 caf\xe9\r\n\r\n\xff\xfe", b"Content-Type: multipart/mixed\r\n\r\n--x", b"From: a@x.test", b"X: y\n\rz"):
        id = account.jmap.import_message(content)["id"]
        account.jmap.call("Email/get", ids=[id], fetchAllBodyValues=True)


# §4.8: import


def test_import_keeps_keywords_mailbox_and_date(account):
    jmap = account.jmap
    blob = jmap.upload(RICH, "message/rfc822")["blobId"]
    archive = jmap.mailbox("archive")["id"]
    result = jmap.call("Email/import", emails={"a": {
        "blobId": blob, "mailboxIds": {archive: True}, "keywords": {"$flagged": True}, "receivedAt": "2020-01-02T03:04:05Z"}})
    email = get(jmap, result["created"]["a"]["id"], ["keywords", "mailboxIds", "receivedAt"])
    assert email["keywords"] == {"$flagged": True} and email["mailboxIds"] == {archive: True}
    assert email["receivedAt"] == "2020-01-02T03:04:05Z"
    assert result["oldState"] != result["newState"]


@pytest.mark.parametrize("change, type", [
    ({"blobId": "nothing"}, "invalidProperties"), ({"mailboxIds": {}}, "invalidProperties"),
    ({"mailboxIds": {"nowhere": True}}, "invalidProperties"), ({"keywords": {"a b": True}}, "invalidProperties"),
    ({"receivedAt": "yesterday"}, "invalidProperties"),
])
def test_a_wrong_import_is_refused(account, change, type):
    jmap = account.jmap
    draft = {"blobId": jmap.upload(RICH, "message/rfc822")["blobId"], "mailboxIds": {jmap.mailbox("inbox")["id"]: True}, **change}
    result = jmap.call("Email/import", emails={"a": draft})
    assert not result["created"] and result["notCreated"]["a"]["type"] == type


# §4.9: parse


def test_parse_reads_a_blob_without_keeping_it(account):
    jmap = account.jmap
    blob = jmap.upload(RICH, "message/rfc822")["blobId"]
    result = jmap.call("Email/parse", blobIds=[blob, "nothing"], properties=["id", "threadId", "mailboxIds", "keywords", "receivedAt", "subject", "bodyValues", "textBody"], fetchTextBodyValues=True)
    email = result["parsed"][blob]
    assert email["subject"] == "Café crème"
    assert [email[each] for each in ("id", "threadId", "mailboxIds", "keywords", "receivedAt")] == [None] * 5
    assert "Grüße aus dem Text" in [each["value"] for each in email["bodyValues"].values()]
    assert result["notFound"] == ["nothing"] and jmap.ids() == []


def test_a_message_within_a_message_is_parsed_through_its_blob(account):
    jmap = account.jmap
    outer = (b"Subject: outer\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
             b"--b\r\nContent-Type: text/plain\r\n\r\nsee below\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" + RICH + b"\r\n--b--\r\n")
    id = jmap.import_message(outer)["id"]
    inner = next(each for each in get(jmap, id, ["attachments"])["attachments"] if each["type"] == "message/rfc822")
    parsed = jmap.call("Email/parse", blobIds=[inner["blobId"]], properties=["subject", "attachments"])["parsed"][inner["blobId"]]
    assert parsed["subject"] == "Café crème"
    pdf = next(each for each in parsed["attachments"] if each["type"] == "application/pdf")
    assert jmap.download(pdf["blobId"], "x.pdf", "application/pdf") == b"%PDF-1.4 pretend"


def test_what_is_no_message_is_not_parsable(account):
    blob = account.jmap.upload(b"just some words without any header", "application/octet-stream")["blobId"]
    assert account.jmap.call("Email/parse", blobIds=[blob])["notParsable"] == [blob]
