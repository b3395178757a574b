"""RFC 8621 §6 and §7: identities, and sending."""

import datetime

import pytest

from portal.jmap import MethodError
from portal.waiting import until


def identity(jmap):
    return jmap.call("Identity/get", ids=None)["list"][0]


def draft(account, recipients, **properties):
    jmap = account.jmap
    result = jmap.call("Email/set", create={"d": {
        "mailboxIds": {jmap.mailbox("drafts")["id"]: True}, "keywords": {"$draft": True, "$seen": True},
        "from": [{"name": "Me", "email": account.address}], "to": [{"name": None, "email": each} for each in recipients], "subject": "To be sent",
        "bodyStructure": {"type": "text/plain", "partId": "1"}, "bodyValues": {"1": {"value": "Hello"}}, **properties}})
    assert result["created"], result
    return result["created"]["d"]["id"]


def submit(account, email, envelope=None, **arguments):
    submission = {"identityId": identity(account.jmap)["id"], "emailId": email}
    if envelope is not None:
        submission["envelope"] = envelope
    return account.jmap.call("EmailSubmission/set", create={"s": submission}, **arguments)


def sent(account, email, envelope=None, **arguments):
    result = submit(account, email, envelope, **arguments)
    assert result["created"], result
    return result["created"]["s"]


def refusal(account, email, envelope=None):
    result = submit(account, email, envelope)
    assert not result["created"], result
    return result["notCreated"]["s"]


def envelope(sender, *recipients, **parameters):
    return {"mailFrom": {"email": sender, "parameters": parameters or None}, "rcptTo": [{"email": each, "parameters": None} for each in recipients]}


# §6: identities


def test_every_permitted_sender_is_an_identity(server):
    account = server.fresh_account()
    server.run("sender", "add", "sales@demo.test", account.address)
    emails = lambda: {each["email"] for each in account.jmap.call("Identity/get", ids=None)["list"]}
    until(lambda: emails() == {account.address, "sales@demo.test"}, 5, "the granted identity")


def test_an_identity_keeps_what_is_set(account):
    jmap = account.jmap
    mine = identity(jmap)
    assert mine["email"] == account.address and mine["replyTo"] is None and mine["textSignature"] == ""
    patch = {"name": "Ängelika", "textSignature": "-- \nÄ", "htmlSignature": "<p>Ä</p>", "replyTo": [{"name": "R", "email": "r@x.test"}],
             "bcc": [{"name": None, "email": "log@x.test"}]}
    result = jmap.call("Identity/set", update={mine["id"]: patch})
    assert mine["id"] in result["updated"] and result["oldState"] != result["newState"]
    assert {key: identity(jmap)[key] for key in patch} == patch
    assert jmap.call("Identity/changes", sinceState=result["oldState"])["updated"] == [mine["id"]]


def test_the_address_of_an_identity_does_not_change(account):
    mine = identity(account.jmap)
    result = account.jmap.call("Identity/set", update={mine["id"]: {"email": "ceo@demo.test"}, "unknown": {"name": "x"}})
    assert result["notUpdated"][mine["id"]]["type"] == "invalidProperties" and result["notUpdated"]["unknown"]["type"] == "notFound"


def test_nobody_makes_an_identity_of_an_address_that_is_not_theirs(account):
    error = account.jmap.call("Identity/set", create={"i": {"name": "Boss", "email": "boss@demo.test"}})["notCreated"]["i"]
    assert error["type"] == "forbiddenFrom"


# §7: submission


def test_a_submission_reaches_a_person_here(server, account):
    other = server.fresh_account()
    created = sent(account, draft(account, [other.address]))
    assert created["id"] and created["undoStatus"] in ("pending", "final") and created["sendAt"].endswith("Z")
    until(lambda: other.jmap.find("To be sent"), 10, "the delivery")


def test_a_submission_tells_how_each_recipient_fared(server, account, foreign):
    other = server.fresh_account()
    created = sent(account, draft(account, [other.address, "far@foreign.test"]))
    get = lambda: account.jmap.call("EmailSubmission/get", ids=[created["id"]])["list"][0]
    status = until(lambda: (lambda s: s["deliveryStatus"] and all(each["delivered"] in ("yes", "unknown") and each["smtpReply"].startswith("250") for each in s["deliveryStatus"].values()) and s)(get()), 10, "the delivery status")
    assert set(status["deliveryStatus"]) == {other.address, "far@foreign.test"}
    assert status["undoStatus"] == "final" and status["envelope"]["mailFrom"]["email"] == account.address
    assert status["threadId"] and status["dsnBlobIds"] == [] and status["mdnBlobIds"] == []
    assert len(foreign.to("far@foreign.test")) == 1


def test_bcc_reaches_its_recipient_and_nobody_sees_it(server, account, foreign):
    email = draft(account, ["seen@foreign.test"], bcc=[{"name": None, "email": "unseen@foreign.test"}])
    sent(account, email)
    received = until(lambda: foreign.to("unseen@foreign.test"), 10, "the blind copy")[0]
    assert b"unseen@foreign.test" not in received.original_content and b"bcc:" not in received.original_content.lower()


def test_the_email_moves_to_sent_when_that_succeeded(server, account):
    jmap = account.jmap
    email = draft(account, [server.fresh_account().address])
    drafts, outgoing = jmap.mailbox("drafts")["id"], jmap.mailbox("sent")["id"]
    answer = jmap.request([["EmailSubmission/set", {
        "accountId": jmap.account, "create": {"s": {"identityId": identity(jmap)["id"], "emailId": email}},
        "onSuccessUpdateEmail": {"#s": {f"mailboxIds/{drafts}": None, f"mailboxIds/{outgoing}": True, "keywords/$draft": None}}}, "c"]])
    assert [(each[0], each[2]) for each in answer["methodResponses"]] == [("EmailSubmission/set", "c"), ("Email/set", "c")]
    assert jmap.emails([email], "mailboxIds", "keywords")[0] == {"id": email, "mailboxIds": {outgoing: True}, "keywords": {"$seen": True}}


def test_the_email_is_destroyed_when_that_succeeded(server, account):
    other = server.fresh_account()
    email = draft(account, [other.address])
    sent(account, email, onSuccessDestroyEmail=["#s"])
    assert account.jmap.call("Email/get", ids=[email])["notFound"] == [email]
    until(lambda: other.jmap.find("To be sent"), 10, "the delivery")


def test_an_email_removed_after_it_was_submitted_is_sent_all_the_same(account, foreign):
    email = draft(account, ["later@foreign.test"])
    sent(account, email)
    account.jmap.call("Email/set", destroy=[email])
    until(lambda: foreign.to("later@foreign.test"), 10, "the delivery")


def test_a_held_submission_can_be_taken_back(account, foreign):
    email = draft(account, ["undone@foreign.test"])
    created = sent(account, email, envelope(account.address, "undone@foreign.test", HOLDFOR="60"))
    assert created["undoStatus"] == "pending"
    result = account.jmap.call("EmailSubmission/set", update={created["id"]: {"undoStatus": "canceled"}})
    assert created["id"] in result["updated"]
    assert account.jmap.call("EmailSubmission/get", ids=[created["id"]])["list"][0]["undoStatus"] == "canceled"
    assert foreign.to("undone@foreign.test") == []


def test_a_short_hold_is_kept_and_then_sent(account, foreign):
    created = sent(account, draft(account, ["held@foreign.test"]), envelope(account.address, "held@foreign.test", HOLDFOR="2"))
    send_at = datetime.datetime.fromisoformat(created["sendAt"].replace("Z", "+00:00"))
    until(lambda: foreign.to("held@foreign.test"), 15, "the delivery")
    assert datetime.datetime.now(datetime.timezone.utc) >= send_at


def test_what_is_sent_cannot_be_taken_back(server, account):
    other = server.fresh_account()
    created = sent(account, draft(account, [other.address]))
    until(lambda: other.jmap.find("To be sent"), 10, "the delivery")
    until(lambda: account.jmap.call("EmailSubmission/get", ids=[created["id"]])["list"][0]["undoStatus"] == "final", 5, "the final state")
    error = account.jmap.call("EmailSubmission/set", update={created["id"]: {"undoStatus": "canceled"}})["notUpdated"][created["id"]]
    assert error["type"] == "cannotUnsend"


@pytest.mark.parametrize("change, type", [
    ({"from": [{"name": None, "email": "ceo@demo.test"}]}, "forbiddenFrom"), ({"to": []}, "noRecipients"), ({"to": None}, "noRecipients"),
], ids=str)
def test_an_email_that_must_not_be_sent_is_refused(account, change, type):
    email = draft(account, ["a@foreign.test"], **change)
    assert refusal(account, email)["type"] == type


def test_an_envelope_that_must_not_be_used_is_refused(account):
    email = draft(account, ["a@foreign.test"])
    assert refusal(account, email, envelope("ceo@demo.test", "a@foreign.test"))["type"] == "forbiddenMailFrom"
    assert refusal(account, email, envelope(account.address))["type"] == "noRecipients"
    error = refusal(account, email, envelope(account.address, "a@foreign.test", "no address"))
    assert error["type"] == "invalidRecipients" and error["invalidRecipients"] == ["no address"]


def test_an_email_or_identity_that_is_not_there_is_refused(account):
    result = account.jmap.call("EmailSubmission/set", create={
        "a": {"identityId": identity(account.jmap)["id"], "emailId": "unknown"},
        "b": {"identityId": "unknown", "emailId": draft(account, ["a@foreign.test"])}})
    assert result["notCreated"]["a"]["type"] == "emailNotFound" or result["notCreated"]["a"]["type"] == "invalidProperties"
    assert result["notCreated"]["b"]["type"] == "invalidProperties"


def test_submissions_are_found(server, account):
    jmap, other = account.jmap, server.fresh_account()
    mine = identity(jmap)["id"]
    email = draft(account, [other.address])
    first = sent(account, email)["id"]
    second = sent(account, draft(account, [other.address]), envelope(account.address, other.address, HOLDFOR="600"))["id"]
    until(lambda: jmap.call("EmailSubmission/get", ids=[first])["list"][0]["undoStatus"] == "final", 5, "the final state")
    query = lambda filter=None, **arguments: jmap.call("EmailSubmission/query", filter=filter, **arguments)["ids"]
    assert query(sort=[{"property": "sentAt"}]) == [first, second]
    assert query({"undoStatus": "pending"}) == [second] and query({"undoStatus": "final"}) == [first]
    assert query({"emailIds": [email]}) == [first] and set(query({"identityIds": [mine]})) == {first, second}
    assert query({"operator": "NOT", "conditions": [{"undoStatus": "final"}]}) == [second]
    with pytest.raises(MethodError):
        query({"colour": "red"})
    assert jmap.call("EmailSubmission/set", destroy=[first])["destroyed"] == [first]


def test_a_draft_is_written_and_sent_in_one_request(server, account):
    jmap, other = account.jmap, server.fresh_account()
    answer = jmap.request([
        ["Email/set", {"accountId": jmap.account, "create": {"d": {
            "mailboxIds": {jmap.mailbox("drafts")["id"]: True}, "from": [{"name": None, "email": account.address}],
            "to": [{"name": None, "email": other.address}], "subject": "At once", "textBody": [{"partId": "1", "type": "text/plain"}],
            "bodyValues": {"1": {"value": "x"}}}}}, "1"],
        ["EmailSubmission/set", {"accountId": jmap.account, "create": {"s": {"identityId": identity(jmap)["id"], "emailId": "#d"}}}, "2"],
    ])["methodResponses"]
    assert answer[1][1]["created"]["s"]["id"]
    until(lambda: other.jmap.find("At once"), 10, "the delivery")
