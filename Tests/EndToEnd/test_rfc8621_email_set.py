"""RFC 8621 §4.3, §4.6, §4.7: writing, changing and removing emails."""

import email
import email.policy

import pytest

from portal.jmap import CORE, MAIL, MethodError


def draft(jmap, **properties):
    return {
        "mailboxIds": {jmap.mailbox("drafts")["id"]: True}, "keywords": {"$draft": True, "$seen": True},
        "from": [{"name": "Me", "email": "me@x.test"}], "to": [{"name": "You", "email": "you@x.test"}], "subject": "A draft",
        "bodyStructure": {"type": "text/plain", "partId": "1"}, "bodyValues": {"1": {"value": "Text of the draft"}}, **properties}


def without(properties, *names):
    return {key: value for key, value in properties.items() if key not in names}


def create(jmap, **properties):
    result = jmap.call("Email/set", create={"d": draft(jmap, **properties)})
    assert result["created"], result["notCreated"]
    return result["created"]["d"]


def written(jmap, made):
    """The message that was written, read by Python's own parser."""
    content = jmap.download(made["blobId"])
    assert len(content) == made["size"]
    assert b"\n" not in content.replace(b"\r\n", b"") and b"\r" not in content.replace(b"\r\n", b"")
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))
    return email.message_from_bytes(content, policy=email.policy.default)


def refusal(jmap, draft):
    result = jmap.call("Email/set", create={"d": draft})
    assert not result["created"], result
    return result["notCreated"]["d"]


# create


def test_a_plain_draft_is_written_as_a_message(account):
    jmap = account.jmap
    made = create(jmap)
    assert {"id", "blobId", "threadId", "size"} <= set(made)
    message = written(jmap, made)
    assert message["From"] == "Me <me@x.test>" and message["To"] == "You <you@x.test>" and message["Subject"] == "A draft"
    assert message.get_content().rstrip() == "Text of the draft"
    assert message["Date"].datetime and message["Message-ID"]
    assert jmap.emails([made["id"]], "keywords")[0]["keywords"] == {"$draft": True, "$seen": True}


def test_words_of_every_script_survive(account):
    subject, name, text = "Füße für 日本語 🎉 " + "lang " * 40, "Jürgen \"the\" Größe, Dr.", "Grüße 🎉 שלום\n.\n..dots\nFrom here\n" + "x" * 3000
    made = create(account.jmap, subject=subject, to=[{"name": name, "email": "j@x.test"}], bodyValues={"1": {"value": text}})
    message = written(account.jmap, made)
    assert message["Subject"] == subject.strip() or str(message["Subject"]).strip() == subject.strip()
    assert message["To"].addresses[0].display_name == name
    assert message.get_content().replace("\r\n", "\n").rstrip("\n") == text.rstrip("\n")
    told = account.jmap.emails([made["id"]], "subject", "to")[0]
    assert told["to"] == [{"name": name, "email": "j@x.test"}] and told["subject"].strip() == subject.strip()


def test_text_html_and_attachments_by_their_short_forms(account):
    jmap = account.jmap
    pdf = jmap.upload(b"%PDF-1.4 \x00\xff binary", "application/pdf")["blobId"]
    picture = jmap.upload(b"\x89PNG", "image/png")["blobId"]
    lists = without(draft(
        jmap, textBody=[{"partId": "t", "type": "text/plain"}], htmlBody=[{"partId": "h", "type": "text/html"}],
        bodyValues={"t": {"value": "plain"}, "h": {"value": "<p>rich <img src='cid:pic'></p>"}},
        attachments=[
            {"blobId": pdf, "type": "application/pdf", "name": "Übersicht 2026.pdf", "disposition": "attachment"},
            {"blobId": picture, "type": "image/png", "cid": "pic", "disposition": "inline"}]), "bodyStructure")
    made = jmap.call("Email/set", create={"d": lists})["created"]["d"]
    message = written(jmap, made)
    assert message.get_body(("plain",)).get_content().strip() == "plain" and "rich" in message.get_body(("html",)).get_content()
    parts = {part.get_content_type(): part for part in message.walk()}
    assert parts["application/pdf"].get_filename() == "Übersicht 2026.pdf"
    assert parts["application/pdf"].get_content() == b"%PDF-1.4 \x00\xff binary"
    assert parts["image/png"]["Content-ID"] == "<pic>"
    assert jmap.emails([made["id"]], "hasAttachment")[0]["hasAttachment"] is True


def test_a_structure_is_kept_as_given(account):
    jmap = account.jmap
    made = create(jmap, bodyStructure={"type": "multipart/alternative", "subParts": [
        {"type": "text/plain", "partId": "a"}, {"type": "text/html", "partId": "b", "header:X-Part": " seen"}]},
        bodyValues={"a": {"value": "plain"}, "b": {"value": "<b>rich</b>"}})
    message = written(jmap, made)
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert list(message.walk())[2]["X-Part"] == "seen"


def test_headers_are_set_in_every_form(account):
    made = create(account.jmap, **{
        "header:X-Raw": " raw value", "header:X-Text:asText": "Grüße", "header:X-Who:asAddresses": [{"name": "Ä", "email": "a@x.test"}],
        "header:X-Groups:asGroupedAddresses": [{"name": "Team", "addresses": [{"name": None, "email": "b@x.test"}]}],
        "header:X-Ids:asMessageIds": ["one@x.test", "two@x.test"], "header:X-When:asDate": "2026-01-02T03:04:05+01:00",
        "header:X-Links:asURLs": ["https://x.test/a"], "header:X-Many:asText:all": ["first", "second"],
        "messageId": ["mine@x.test"], "inReplyTo": ["before@x.test"], "references": ["first@x.test", "before@x.test"],
        "replyTo": [{"name": None, "email": "answers@x.test"}], "sentAt": "2026-01-02T03:04:05+01:00"})
    message = written(account.jmap, made)
    assert message["X-Raw"] == "raw value" and message["X-Text"] == "Grüße" and message.get_all("X-Many") == ["first", "second"]
    assert message["X-Ids"] == "<one@x.test> <two@x.test>" and "https://x.test/a" in message["X-Links"]
    assert message["Message-ID"] == "<mine@x.test>" and message["References"] == "<first@x.test> <before@x.test>"
    told = account.jmap.emails([made["id"]], "header:X-When:asDate", "header:X-Groups:asGroupedAddresses", "sentAt")[0]
    assert told["header:X-When:asDate"] == told["sentAt"] == "2026-01-02T03:04:05+01:00"
    assert told["header:X-Groups:asGroupedAddresses"][0]["name"] == "Team"


def test_a_header_cannot_smuggle_another(account):
    for properties in ({"subject": "a\r\nBcc: victim@x.test"}, {"header:X-A:asText": "b\nX-Evil: 1"}, {"header:X-A": " b\r\nX-Evil: 1"},
                       {"to": [{"name": "a\r\nX-Evil: 1", "email": "a@x.test"}]}):
        result = account.jmap.call("Email/set", create={"d": draft(account.jmap, **properties)})
        if result["created"]:
            message = written(account.jmap, result["created"]["d"])
            assert message["X-Evil"] is None and message["Bcc"] is None


@pytest.mark.parametrize("change, property", [
    ({"mailboxIds": {}}, "mailboxIds"), ({"mailboxIds": {"nowhere": True}}, "mailboxIds"), ({"mailboxIds": None}, "mailboxIds"),
    ({"keywords": {"two words": True}}, "keywords"), ({"keywords": {"$seen": False}}, "keywords"), ({"receivedAt": "today"}, "receivedAt"),
    ({"headers": [{"name": "X", "value": " y"}]}, "headers"), ({"header:Subject": " twice"}, None), ({"size": 3}, "size"),
    ({"header:Content-Type": " text/html"}, "header:Content-Type"), ({"id": "mine"}, "id"), ({"from": "me@x.test"}, "from"),
    ({"bodyStructure": {"type": "text/plain", "partId": "none"}}, None), ({"textBody": [{"partId": "1", "type": "text/plain"}]}, None),
    ({"bodyValues": {"1": {"value": "x", "isTruncated": True}}}, None),
    ({"bodyStructure": {"type": "text/plain", "partId": "1", "blobId": "U"}}, None),
    ({"bodyStructure": {"type": "text/plain", "partId": "1", "charset": "utf-8"}}, None),
    ({"bodyStructure": {"type": "text/plain", "partId": "1", "header:Content-Transfer-Encoding": " 8bit"}}, None),
    ({"bodyStructure": {"type": "text/html", "partId": "1"}, "htmlBody": [{"partId": "1", "type": "text/html"}]}, None),
    ({"surprise": 1}, "surprise"),
], ids=str)
def test_a_draft_that_breaks_a_rule_is_refused(account, change, property):
    error = refusal(account.jmap, draft(account.jmap, **change))
    assert error["type"] == "invalidProperties"
    assert property is None or property in error["properties"]


def test_a_blob_that_is_not_there_is_named(account):
    parts = {"type": "multipart/mixed", "subParts": [{"type": "text/plain", "partId": "1"}, {"type": "image/png", "blobId": "Unothing"}]}
    error = refusal(account.jmap, draft(account.jmap, bodyStructure=parts))
    assert error["type"] == "blobNotFound" and error["notFound"] == ["Unothing"]


def test_an_email_goes_into_a_mailbox_made_in_the_same_request(account):
    jmap = account.jmap
    answer = jmap.request([
        ["Mailbox/set", {"accountId": jmap.account, "create": {"new": {"name": "New"}}}, "1"],
        ["Email/set", {"accountId": jmap.account, "create": {"e": draft(jmap, mailboxIds={"#new": True})}}, "2"],
        ["Email/get", {"accountId": jmap.account, "ids": ["#e"], "properties": ["mailboxIds"]}, "3"],
    ], using=[CORE, MAIL])["methodResponses"]
    mailbox = answer[0][1]["created"]["new"]["id"]
    assert answer[1][1]["created"]["e"]["id"]
    assert jmap.emails([answer[1][1]["created"]["e"]["id"]], "mailboxIds")[0]["mailboxIds"] == {mailbox: True}


# update


def test_keywords_change_one_by_one_and_all_at_once(account):
    jmap = account.jmap
    id = create(jmap)["id"]
    keywords = lambda: jmap.emails([id], "keywords")[0]["keywords"]
    jmap.call("Email/set", update={id: {"keywords/$flagged": True, "keywords/$draft": None}})
    assert keywords() == {"$seen": True, "$flagged": True}
    jmap.call("Email/set", update={id: {"keywords": {"$Answered": True, "label-1": True}}})
    assert keywords() == {"$answered": True, "label-1": True}
    assert jmap.call("Email/set", update={id: {"keywords": {}}})["updated"] == {id: None}
    assert keywords() == {}


def test_an_email_moves_and_keeps_its_id(account):
    jmap = account.jmap
    made = create(jmap)
    archive, drafts = jmap.mailbox("archive")["id"], jmap.mailbox("drafts")["id"]
    jmap.call("Email/set", update={made["id"]: {"mailboxIds": {archive: True}}})
    assert jmap.emails([made["id"]], "mailboxIds")[0]["mailboxIds"] == {archive: True}
    jmap.call("Email/set", update={made["id"]: {f"mailboxIds/{archive}": None, f"mailboxIds/{drafts}": True}})
    assert jmap.emails([made["id"]], "mailboxIds", "threadId") == [{"id": made["id"], "mailboxIds": {drafts: True}, "threadId": made["threadId"]}]


@pytest.mark.parametrize("patch", [
    {"subject": "new"}, {"mailboxIds": {}}, {"mailboxIds": {"nowhere": True}}, {"keywords/$seen": False}, {"keywords/a b": True},
    {"keywords": {"$seen": True}, "keywords/$flagged": True}, {"receivedAt": "2020-01-01T00:00:00Z"}, {"surprise": 1}, {"/keywords": {}},
], ids=str)
def test_a_patch_that_breaks_a_rule_changes_nothing(account, patch):
    jmap = account.jmap
    id = create(jmap)["id"]
    before = jmap.call("Email/get", ids=[id])
    result = jmap.call("Email/set", update={id: patch})
    assert result["notUpdated"][id]["type"] in ("invalidProperties", "invalidPatch"), result
    after = jmap.call("Email/get", ids=[id])
    assert after["list"] == before["list"] and after["state"] == before["state"]


def test_setting_a_property_to_what_it_is_is_no_error(account):
    jmap = account.jmap
    made = create(jmap)
    result = jmap.call("Email/set", update={made["id"]: {"id": made["id"], "threadId": made["threadId"], "subject": "A draft", "keywords/$seen": True}})
    assert made["id"] in result["updated"]


# destroy


def test_what_is_destroyed_is_gone(account):
    jmap = account.jmap
    made = create(jmap)
    result = jmap.call("Email/set", destroy=[made["id"], "unknown"])
    assert result["destroyed"] == [made["id"]] and result["notDestroyed"]["unknown"]["type"] == "notFound"
    assert jmap.call("Email/get", ids=[made["id"]])["notFound"] == [made["id"]]
    assert jmap.ids() == [] and list((account.folder / "Maildir" / ".Drafts" / "cur").iterdir()) == []


def test_what_will_be_destroyed_is_not_updated(account):
    jmap = account.jmap
    id = create(jmap)["id"]
    result = jmap.call("Email/set", update={id: {"keywords/$flagged": True}}, destroy=[id])
    assert result["notUpdated"][id]["type"] == "willDestroy" and result["destroyed"] == [id]


def test_unknown_emails_are_notFound(account):
    assert account.jmap.call("Email/set", update={"unknown": {"keywords/$seen": True}})["notUpdated"]["unknown"]["type"] == "notFound"


def test_too_many_objects_are_requestTooLarge(account):
    most = account.jmap.session["capabilities"][CORE]["maxObjectsInSet"]
    with pytest.raises(MethodError) as refused:
        account.jmap.call("Email/set", destroy=[f"E{n}" for n in range(most + 1)])
    assert refused.value.type == "requestTooLarge"


# changes


def test_changes_tell_each_email_once(account):
    jmap = account.jmap
    kept, gone = create(jmap)["id"], create(jmap)["id"]
    state = jmap.call("Email/get", ids=[])["state"]
    made, brief = create(jmap)["id"], create(jmap)["id"]
    jmap.call("Email/set", update={kept: {"keywords/$flagged": True}, made: {"keywords/$flagged": True}}, destroy=[gone, brief])
    changes = jmap.call("Email/changes", sinceState=state)
    assert (changes["created"], changes["updated"], changes["destroyed"]) == ([made], [kept], [gone])
    assert changes["newState"] == jmap.call("Email/get", ids=[])["state"]


def test_changes_come_in_pages_that_lose_nothing(account):
    jmap = account.jmap
    state = jmap.call("Email/get", ids=[])["state"]
    made = [create(jmap)["id"] for _ in range(7)]
    found, more = [], True
    while more:
        page = jmap.call("Email/changes", sinceState=state, maxChanges=2)
        assert len(page["created"]) + len(page["updated"]) + len(page["destroyed"]) <= 2
        found += page["created"]
        state, more = page["newState"], page["hasMoreChanges"]
    assert sorted(found) == sorted(made)


# copy


def test_nothing_is_copied_within_one_account(account):
    with pytest.raises(MethodError) as refused:
        account.jmap.call("Email/copy", fromAccountId=account.jmap.account, create={"c": {"id": "x", "mailboxIds": {"y": True}}})
    assert refused.value.type == "invalidArguments"


def test_nothing_is_copied_from_somebody_elses_account(server, account):
    with pytest.raises(MethodError) as refused:
        account.jmap.call("Email/copy", fromAccountId=server.fresh_account().jmap.account, create={})
    assert refused.value.type == "fromAccountNotFound"
