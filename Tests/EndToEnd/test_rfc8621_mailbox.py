"""RFC 8621 §2 and §3: mailboxes and threads."""

import pytest

from portal.jmap import MethodError

MESSAGE = b"From: A <a@x.test>\r\nTo: b@x.test\r\nSubject: %s\r\nMessage-ID: <%s@x.test>\r\n%s\r\nText\r\n"


def message(subject, id, references=None):
    extra = f"References: {references}\r\n".encode() if references else b""
    return MESSAGE % (subject.encode(), id.encode(), extra)


def create(jmap, name, **properties):
    result = jmap.call("Mailbox/set", create={"m": {"name": name, **properties}})
    assert result["created"], result
    return result["created"]["m"]["id"]


def refused(jmap, **arguments):
    """The set error of the one object that a Mailbox/set with these arguments refuses."""
    result = jmap.call("Mailbox/set", **arguments)
    errors = [*(result["notCreated"] or {}).values(), *(result["notUpdated"] or {}).values(),
              *(result["notDestroyed"] or {}).values()]
    assert len(errors) == 1, result
    return errors[0]


def test_a_new_account_has_the_mailboxes_that_people_expect(account):
    roles = {each["role"]: each for each in account.jmap.mailboxes() if each["role"]}
    assert {"inbox", "drafts", "sent", "junk", "trash", "archive"} <= set(roles)
    inbox = roles["inbox"]
    assert inbox["parentId"] is None and inbox["isSubscribed"] is True
    assert (inbox["totalEmails"], inbox["unreadEmails"], inbox["totalThreads"], inbox["unreadThreads"]) == (0, 0, 0, 0)
    assert all(inbox["myRights"][right] for right in
               ("mayReadItems", "mayAddItems", "mayRemoveItems", "maySetSeen", "maySetKeywords", "mayCreateChild", "maySubmit"))
    assert inbox["myRights"]["mayDelete"] is False


def test_get_tells_which_ids_it_does_not_know(account):
    inbox = account.jmap.mailbox("inbox")["id"]
    result = account.jmap.call("Mailbox/get", ids=[inbox, "unknown"], properties=["name"])
    assert [set(each) for each in result["list"]] == [{"id", "name"}]
    assert result["notFound"] == ["unknown"]


def test_a_mailbox_is_made_renamed_moved_and_removed(account):
    jmap = account.jmap
    parent, other = create(jmap, "Parent"), create(jmap, "Other")
    child = create(jmap, "Child / with. odd & näme", parentId=parent, sortOrder=7, isSubscribed=False)
    jmap.call("Mailbox/set", update={child: {"name": "Renamed", "parentId": other, "sortOrder": 9}})
    got = jmap.call("Mailbox/get", ids=[child])["list"][0]
    assert (got["name"], got["parentId"], got["sortOrder"], got["isSubscribed"]) == ("Renamed", other, 9, False)
    result = jmap.call("Mailbox/set", destroy=[child])
    assert result["destroyed"] == [child] and result["oldState"] != result["newState"]


def test_renaming_a_parent_keeps_its_children_and_their_mail(account):
    jmap = account.jmap
    parent = create(jmap, "Projects")
    child = create(jmap, "House", parentId=parent)
    blob = jmap.upload(message("kept", "kept"), "message/rfc822")["blobId"]
    email = jmap.call("Email/import", emails={"e": {"blobId": blob, "mailboxIds": {child: True}}})["created"]["e"]["id"]
    jmap.call("Mailbox/set", update={parent: {"name": "Work"}})
    assert jmap.call("Mailbox/get", ids=[child])["list"][0]["parentId"] == parent
    assert jmap.emails([email], "mailboxIds")[0]["mailboxIds"] == {child: True}
    assert (account.folder / "Maildir" / ".Work.House").is_dir()


@pytest.mark.parametrize("draft, properties", [
    ({"name": ""}, ["name"]), ({"name": "x", "parentId": "nowhere"}, ["parentId"]), ({"name": 7}, ["name"]),
    ({"name": "x", "sortOrder": -1}, ["sortOrder"]), ({"name": "x", "totalEmails": 4}, ["totalEmails"]),
    ({"name": "x", "role": "no-such-role"}, ["role"]), ({"name": "a\u0000b"}, ["name"]), ({"name": "x", "surprise": 1}, ["surprise"]),
])
def test_a_mailbox_with_a_wrong_property_is_refused_by_name(account, draft, properties):
    error = refused(account.jmap, create={"m": draft})
    assert error["type"] == "invalidProperties" and error["properties"] == properties


def test_two_siblings_have_two_names(account):
    jmap = account.jmap
    create(jmap, "Twice")
    assert refused(jmap, create={"m": {"name": "Twice"}})["type"] in ("alreadyExists", "invalidProperties")
    create(jmap, "Twice", parentId=create(jmap, "Elsewhere"))


def test_a_mailbox_cannot_become_its_own_descendant(account):
    jmap = account.jmap
    top = create(jmap, "Top")
    below = create(jmap, "Below", parentId=top)
    assert refused(jmap, update={top: {"parentId": below}})["type"] == "invalidProperties"


def test_a_mailbox_with_children_is_not_removed(account):
    jmap = account.jmap
    top = create(jmap, "Top")
    create(jmap, "Below", parentId=top)
    assert refused(jmap, destroy=[top], onDestroyRemoveEmails=True)["type"] == "mailboxHasChild"


def test_a_mailbox_with_mail_is_removed_only_when_asked_to(account):
    jmap = account.jmap
    mailbox = create(jmap, "Full")
    blob = jmap.upload(message("in it", "in-it"), "message/rfc822")["blobId"]
    email = jmap.call("Email/import", emails={"e": {"blobId": blob, "mailboxIds": {mailbox: True}}})["created"]["e"]["id"]
    assert refused(jmap, destroy=[mailbox])["type"] == "mailboxHasEmail"
    assert jmap.call("Mailbox/set", destroy=[mailbox], onDestroyRemoveEmails=True)["destroyed"] == [mailbox]
    assert jmap.call("Email/get", ids=[email])["notFound"] == [email]


def test_the_inbox_stays(account):
    inbox = account.jmap.mailbox("inbox")["id"]
    assert refused(account.jmap, destroy=[inbox])["type"] in ("forbidden", "invalidProperties")
    assert account.jmap.mailbox("inbox")["id"] == inbox


def test_unknown_mailboxes_are_notFound(account):
    assert refused(account.jmap, destroy=["unknown"])["type"] == "notFound"
    assert refused(account.jmap, update={"unknown": {"name": "x"}})["type"] == "notFound"


def test_counts_follow_the_mail(account):
    jmap = account.jmap
    first = jmap.import_message(message("count", "c1"))
    jmap.import_message(message("Re: count", "c2", "<c1@x.test>"), keywords={"$seen": True})
    jmap.import_message(message("another", "c3"), keywords={"$seen": True})
    counts = lambda: tuple(jmap.mailbox("inbox")[each] for each in ("totalEmails", "unreadEmails", "totalThreads", "unreadThreads"))
    assert counts() == (3, 1, 2, 1)
    jmap.call("Email/set", update={first["id"]: {"keywords/$seen": True}})
    assert counts() == (3, 0, 2, 0)
    jmap.call("Email/set", destroy=[first["id"]])
    assert counts() == (2, 0, 2, 0)


def test_a_change_of_counts_alone_says_so(account):
    jmap = account.jmap
    state = jmap.call("Mailbox/get", ids=[])["state"]
    jmap.import_message(message("counted", "counted"))
    changes = jmap.call("Mailbox/changes", sinceState=state)
    assert changes["updated"] == [jmap.mailbox("inbox")["id"]]
    assert set(changes["updatedProperties"]) <= {"totalEmails", "unreadEmails", "totalThreads", "unreadThreads"}


def test_changes_tell_made_renamed_and_removed(account):
    jmap = account.jmap
    kept, gone = create(jmap, "Kept"), create(jmap, "Gone")
    state = jmap.call("Mailbox/get", ids=[])["state"]
    made = create(jmap, "Made")
    jmap.call("Mailbox/set", update={kept: {"name": "Renamed"}}, destroy=[gone])
    brief = create(jmap, "Brief")
    jmap.call("Mailbox/set", destroy=[brief])
    changes = jmap.call("Mailbox/changes", sinceState=state)
    assert changes["created"] == [made] and changes["updated"] == [kept] and changes["destroyed"] == [gone]
    assert changes["updatedProperties"] is None


def test_query_filters_and_sorts(account):
    jmap = account.jmap
    zebra, apple = create(jmap, "zebra"), create(jmap, "Apple")
    inner = create(jmap, "middle", parentId=zebra)
    query = lambda **arguments: jmap.call("Mailbox/query", **arguments)
    assert query(filter={"parentId": zebra})["ids"] == [inner]
    assert inner not in query(filter={"parentId": None})["ids"]
    assert query(filter={"role": "inbox"})["ids"] == [jmap.mailbox("inbox")["id"]]
    assert set(query(filter={"hasAnyRole": False})["ids"]) == {zebra, apple, inner}
    assert query(filter={"name": "ppl"})["ids"] == [apple]
    assert query(filter={"operator": "NOT", "conditions": [{"hasAnyRole": True}]}, sort=[{"property": "name"}])["ids"] == [apple, inner, zebra]
    page = query(sort=[{"property": "name"}], position=1, limit=2, calculateTotal=True)
    assert page["position"] == 1 and len(page["ids"]) == 2 and page["total"] == len(jmap.mailboxes())


def test_query_sorts_and_filters_as_a_tree(account):
    jmap = account.jmap
    b, a = create(jmap, "b"), create(jmap, "a")
    ba = create(jmap, "a", parentId=b)
    ids = jmap.call("Mailbox/query", filter={"hasAnyRole": False}, sort=[{"property": "name"}], sortAsTree=True)["ids"]
    assert ids == [a, b, ba]
    ids = jmap.call("Mailbox/query", filter={"name": "a"}, sort=[{"property": "name"}], filterAsTree=True)["ids"]
    assert a in ids and ba not in ids


def test_query_refuses_what_it_does_not_know(account):
    for arguments, kind in (({"filter": {"colour": "red"}}, "unsupportedFilter"), ({"sort": [{"property": "colour"}]}, "unsupportedSort")):
        with pytest.raises(MethodError) as refused_:
            account.jmap.call("Mailbox/query", **arguments)
        assert refused_.value.type in (kind, "invalidArguments")


def test_query_changes_follow(account):
    jmap = account.jmap
    before = jmap.call("Mailbox/query", sort=[{"property": "name"}])
    made = create(jmap, "AAA first")
    if not before["canCalculateChanges"]:
        pytest.skip("the server says that it cannot calculate them")
    changes = jmap.call("Mailbox/queryChanges", sort=[{"property": "name"}], sinceQueryState=before["queryState"], calculateTotal=True)
    assert changes["added"] == [{"id": made, "index": jmap.call("Mailbox/query", sort=[{"property": "name"}])["ids"].index(made)}]


# §3: threads


def test_a_thread_has_its_emails_oldest_first(account):
    jmap = account.jmap
    import_at = lambda id, at, references=None: jmap.call("Email/import", emails={"e": {
        "blobId": jmap.upload(message("Re: plan" if references else "plan", id, references))["blobId"],
        "mailboxIds": {jmap.mailbox("inbox")["id"]: True}, "receivedAt": at}})["created"]["e"]
    second = import_at("t2", "2026-03-02T10:00:00Z", "<t1@x.test>")
    first = import_at("t1", "2026-03-01T10:00:00Z")
    third = import_at("t3", "2026-03-03T10:00:00Z", "<t1@x.test> <t2@x.test>")
    assert first["threadId"] == second["threadId"] == third["threadId"]
    thread = jmap.call("Thread/get", ids=[first["threadId"], "unknown"])
    assert thread["list"] == [{"id": first["threadId"], "emailIds": [first["id"], second["id"], third["id"]]}]
    assert thread["notFound"] == ["unknown"]


def test_another_subject_is_another_thread(account):
    first = account.jmap.import_message(message("one thing", "s1"))
    second = account.jmap.import_message(message("quite another", "s2", "<s1@x.test>"))
    assert first["threadId"] != second["threadId"]


def test_threads_change_with_their_emails(account):
    jmap = account.jmap
    state = jmap.call("Thread/get", ids=[])["state"]
    first = jmap.import_message(message("grows", "g1"))
    changes = jmap.call("Thread/changes", sinceState=state)
    assert changes["created"] == [first["threadId"]]
    reply = jmap.import_message(message("Re: grows", "g2", "<g1@x.test>"))
    later = jmap.call("Thread/changes", sinceState=changes["newState"])
    assert later["updated"] == [first["threadId"]]
    jmap.call("Email/set", destroy=[first["id"], reply["id"]])
    assert jmap.call("Thread/changes", sinceState=later["newState"])["destroyed"] == [first["threadId"]]
