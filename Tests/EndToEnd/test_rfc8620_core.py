"""RFC 8620: the session, requests and their errors, references, upload and download, push."""

import email
import email.policy
import json
from email.message import EmailMessage

import pytest
import requests

from portal.jmap import CORE, MAIL, SUBMISSION
from portal.waiting import until


def post(jmap, body, type="application/json"):
    data = body if isinstance(body, (bytes, str)) else json.dumps(body)
    return jmap.http.post(jmap.absolute(jmap.session["apiUrl"]), data=data, headers={"Content-Type": type}, timeout=20)


def problem(answer):
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return answer.json()["type"].removeprefix("urn:ietf:params:jmap:error:")


def error(jmap, method, arguments, **options):
    name, result, _ = jmap.request([[method, arguments, "c"]], **options)["methodResponses"][0]
    assert name == "error", result
    return result


# §2: the session


def test_the_session_names_its_urls_capabilities_and_accounts(account):
    session = account.jmap.get_session()
    core = session["capabilities"][CORE]
    for limit in ("maxSizeUpload", "maxConcurrentUpload", "maxSizeRequest", "maxConcurrentRequests",
                  "maxCallsInRequest", "maxObjectsInGet", "maxObjectsInSet"):
        assert isinstance(core[limit], int) and core[limit] > 0
    assert "i;unicode-casemap" in core["collationAlgorithms"]
    assert session["username"] == account.address
    mine = session["accounts"][session["primaryAccounts"][MAIL]]
    assert mine["isPersonal"] is True and mine["isReadOnly"] is False
    assert {MAIL, SUBMISSION} <= set(mine["accountCapabilities"])
    assert set(session["primaryAccounts"]) >= {MAIL, SUBMISSION}
    assert session["state"]


def test_the_urls_of_the_session_are_absolute_and_follow_the_host_that_was_asked(account):
    session = account.jmap.get_session()
    for url in ("apiUrl", "downloadUrl", "uploadUrl", "eventSourceUrl"):
        assert session[url].startswith(account.server.url + "/"), session[url]
    for variable in ("{accountId}", "{blobId}", "{name}", "{type}"):
        assert variable in session["downloadUrl"]
    for variable in ("{types}", "{closeafter}", "{ping}"):
        assert variable in session["eventSourceUrl"]


def test_the_mail_capability_tells_its_limits(account):
    session = account.jmap.get_session()
    mail = session["accounts"][account.jmap.account]["accountCapabilities"][MAIL]
    assert mail["maxMailboxesPerEmail"] is None or mail["maxMailboxesPerEmail"] >= 1
    assert mail["maxMailboxDepth"] is None or mail["maxMailboxDepth"] > 0
    assert mail["maxSizeMailboxName"] >= 100
    assert mail["maxSizeAttachmentsPerEmail"] > 0
    assert "receivedAt" in mail["emailQuerySortOptions"]
    assert mail["mayCreateTopLevelMailbox"] is True


def test_well_known_leads_to_the_session(account):
    answer = account.jmap.http.get(f"{account.server.url}/.well-known/jmap", allow_redirects=False, timeout=10)
    assert answer.status_code in (200, 301, 302, 307, 308)
    if answer.status_code != 200:
        assert answer.headers["Location"].endswith("/jmap/session")


def test_without_credentials_there_is_neither_session_nor_api(account):
    for method, path in (("GET", "/jmap/session"), ("POST", "/jmap/api")):
        answer = requests.request(method, account.server.url + path, json={}, timeout=10)
        assert answer.status_code == 401
        assert "basic" in answer.headers.get("WWW-Authenticate", "").lower()


def test_a_wrong_password_is_refused(account):
    answer = requests.get(f"{account.server.url}/jmap/session", auth=(account.address, "not the password"), timeout=10)
    assert answer.status_code == 401


# §3.6.1: errors of the whole request


def test_what_is_not_json_is_notJSON(account):
    assert problem(post(account.jmap, "this is no JSON")) == "notJSON"


def test_json_with_a_key_twice_is_notJSON(account):
    body = '{"using":["%s"],"using":["%s"],"methodCalls":[]}' % (CORE, CORE)
    assert problem(post(account.jmap, body)) == "notJSON"


def test_json_that_is_not_utf8_is_notJSON(account):
    assert problem(post(account.jmap, b'{"using":["\xff\xfe"],"methodCalls":[]}')) == "notJSON"


@pytest.mark.parametrize("body", [
    {"foo": "bar"}, [], '"text"', {"using": [CORE], "methodCalls": "x"}, {"using": [CORE], "methodCalls": [["Core/echo", {}]]},
    {"using": [CORE], "methodCalls": [["Core/echo", [], "c"]]}, {"using": CORE, "methodCalls": []},
    {"using": [CORE], "methodCalls": [], "createdIds": {"a": 7}},
])
def test_json_that_is_no_request_is_notRequest(account, body):
    assert problem(post(account.jmap, body)) == "notRequest"


def test_a_wrong_content_type_is_refused(account):
    answer = post(account.jmap, {"using": [CORE], "methodCalls": []}, type="text/plain")
    assert 400 <= answer.status_code < 500


def test_an_unknown_capability_is_refused(account):
    body = {"using": [CORE, "urn:example:nothing"], "methodCalls": [["Core/echo", {}, "c"]]}
    assert problem(post(account.jmap, body)) == "unknownCapability"


def test_too_many_calls_name_the_limit(account):
    most = account.jmap.session["capabilities"][CORE]["maxCallsInRequest"]
    answer = post(account.jmap, {"using": [CORE], "methodCalls": [["Core/echo", {}, "c"]] * (most + 1)})
    assert problem(answer) == "limit"
    assert answer.json()["limit"] == "maxCallsInRequest"


def test_a_request_that_is_too_large_names_the_limit(account):
    most = account.jmap.session["capabilities"][CORE]["maxSizeRequest"]
    answer = post(account.jmap, {"using": [CORE], "methodCalls": [["Core/echo", {"x": "y" * most}, "c"]]})
    assert answer.status_code in (400, 413)
    assert answer.json()["limit"] == "maxSizeRequest"


# §3.6.2: errors of one method


def test_echo_gives_back_what_it_got(account):
    given = {"hello": True, "high": 5, "deep": {"list": [1, 2.5, None, "é\u2028\U0001f600"]}}
    answer = account.jmap.request([["Core/echo", given, "b3ff"]], using=[CORE])
    assert answer["methodResponses"] == [["Core/echo", given, "b3ff"]]
    assert answer["sessionState"] == account.jmap.get_session()["state"]


def test_an_unknown_method_does_not_stop_the_others(account):
    answer = account.jmap.request([["Core/echo", {"a": 1}, "1"], ["No/such", {}, "2"], ["Core/echo", {"b": 2}, "3"]])
    assert [(each[0], each[2]) for each in answer["methodResponses"]] == [("Core/echo", "1"), ("error", "2"), ("Core/echo", "3")]
    assert answer["methodResponses"][1][1]["type"] == "unknownMethod"


def test_a_method_of_a_capability_that_was_not_named_is_unknown(account):
    assert error(account.jmap, "Mailbox/get", {"accountId": account.jmap.account}, using=[CORE])["type"] == "unknownMethod"
    assert error(account.jmap, "Core/echo", {}, using=[])["type"] == "unknownMethod"


def test_an_unknown_account_is_accountNotFound(account):
    assert error(account.jmap, "Mailbox/get", {"accountId": "nobody"})["type"] == "accountNotFound"


def test_another_persons_account_is_accountNotFound(server, account):
    other = server.fresh_account().jmap.account
    assert error(account.jmap, "Mailbox/get", {"accountId": other})["type"] == "accountNotFound"


@pytest.mark.parametrize("arguments", [
    {"ids": "text"}, {"ids": [1]}, {"properties": "id"}, {"properties": ["noSuchProperty"]}, {"unheardOf": 1},
])
def test_wrong_arguments_are_invalidArguments(account, arguments):
    assert error(account.jmap, "Mailbox/get", {"accountId": account.jmap.account, **arguments})["type"] == "invalidArguments"


def test_a_missing_account_is_invalidArguments(account):
    assert error(account.jmap, "Mailbox/get", {})["type"] == "invalidArguments"


def test_too_many_ids_are_requestTooLarge(account):
    most = account.jmap.session["capabilities"][CORE]["maxObjectsInGet"]
    ids = [f"M{n}" for n in range(most + 1)]
    assert error(account.jmap, "Mailbox/get", {"accountId": account.jmap.account, "ids": ids})["type"] == "requestTooLarge"


# §3.7: references to earlier results


def test_a_result_reference_carries_ids_from_one_call_to_the_next(account):
    jmap = account.jmap
    answer = jmap.request([
        ["Mailbox/get", {"accountId": jmap.account, "ids": None}, "all"],
        ["Mailbox/get", {"accountId": jmap.account, "properties": ["name"],
                         "#ids": {"resultOf": "all", "name": "Mailbox/get", "path": "/list/*/id"}}, "some"],
    ])["methodResponses"]
    assert {each["id"] for each in answer[1][1]["list"]} == {each["id"] for each in answer[0][1]["list"]}
    assert all(set(each) == {"id", "name"} for each in answer[1][1]["list"])


@pytest.mark.parametrize("reference", [
    {"resultOf": "nothing", "name": "Core/echo", "path": "/ids"},
    {"resultOf": "first", "name": "Email/query", "path": "/ids"},
    {"resultOf": "first", "name": "Core/echo", "path": "/nothing"},
    {"resultOf": "first", "name": "Core/echo", "path": "ids"},
    {"resultOf": "first", "name": "Core/echo", "path": "/ids/7"},
])
def test_a_reference_that_leads_nowhere_is_invalidResultReference(account, reference):
    jmap = account.jmap
    answer = jmap.request([
        ["Core/echo", {"ids": ["a"]}, "first"], ["Mailbox/get", {"accountId": jmap.account, "#ids": reference}, "second"],
    ])["methodResponses"]
    assert answer[1][0] == "error" and answer[1][1]["type"] == "invalidResultReference"


def test_an_argument_and_its_reference_together_are_invalidArguments(account):
    jmap = account.jmap
    answer = jmap.request([
        ["Core/echo", {"ids": []}, "first"],
        ["Mailbox/get", {"accountId": jmap.account, "ids": [],
                         "#ids": {"resultOf": "first", "name": "Core/echo", "path": "/ids"}}, "second"],
    ])["methodResponses"]
    assert answer[1][1]["type"] == "invalidArguments"


def test_created_ids_pass_from_call_to_call_and_back_to_the_client(account):
    jmap = account.jmap
    answer = jmap.request([
        ["Mailbox/set", {"accountId": jmap.account, "create": {"parent": {"name": "Parent"}}}, "1"],
        ["Mailbox/set", {"accountId": jmap.account, "create": {"child": {"name": "Child", "parentId": "#parent"}}}, "2"],
    ], createdIds={})
    created = answer["createdIds"]
    child = jmap.call("Mailbox/get", ids=[created["child"]])["list"][0]
    assert child["parentId"] == created["parent"]


def test_created_ids_are_silent_when_the_request_did_not_ask(account):
    assert "createdIds" not in account.jmap.request([["Core/echo", {}, "1"]])


# §5.3: states


def test_a_wrong_state_is_stateMismatch_and_changes_nothing(account):
    jmap = account.jmap
    arguments = {"accountId": jmap.account, "ifInState": "not-this", "create": {"a": {"name": "Never"}}}
    assert error(jmap, "Mailbox/set", arguments)["type"] == "stateMismatch"
    assert all(each["name"] != "Never" for each in jmap.mailboxes())


@pytest.mark.parametrize("type", ["Mailbox", "Email", "Thread", "Identity", "EmailSubmission"])
def test_changes_from_an_unknown_state_cannot_be_calculated(account, type):
    arguments = {"accountId": account.jmap.account, "sinceState": "zzz.999999"}
    assert error(account.jmap, f"{type}/changes", arguments)["type"] == "cannotCalculateChanges"


@pytest.mark.parametrize("type", ["Mailbox", "Email", "Identity", "EmailSubmission"])
def test_changes_since_now_are_none(account, type):
    state = account.jmap.call(f"{type}/get", ids=[])["state"]
    changes = account.jmap.call(f"{type}/changes", sinceState=state)
    assert (changes["oldState"], changes["newState"], changes["hasMoreChanges"]) == (state, state, False)
    assert changes["created"] == changes["updated"] == changes["destroyed"] == []


def test_max_changes_of_nought_is_refused(account):
    state = account.jmap.call("Email/get", ids=[])["state"]
    arguments = {"accountId": account.jmap.account, "sinceState": state, "maxChanges": 0}
    assert error(account.jmap, "Email/changes", arguments)["type"] == "invalidArguments"


# §6: binary data


def test_what_is_uploaded_is_downloaded(account):
    content = bytes(range(256)) * 400
    blob = account.jmap.upload(content, "application/octet-stream")
    assert (blob["size"], blob["type"], blob["accountId"]) == (len(content), "application/octet-stream", account.jmap.account)
    assert account.jmap.download(blob["blobId"], "data.bin", "application/octet-stream") == content


def test_a_download_has_the_name_and_type_that_were_asked_for(account):
    blob = account.jmap.upload(b"<script>alert(1)</script>", "text/html")["blobId"]
    address = (account.jmap.session["downloadUrl"].replace("{accountId}", account.jmap.account)
               .replace("{blobId}", blob).replace("{name}", "a%20b%C3%A9.html").replace("{type}", "text%2Fhtml"))
    answer = account.jmap.http.get(address, timeout=10)
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "a%20b%C3%A9.html" in answer.headers["Content-Disposition"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"] or "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_part_of_a_download_can_be_asked_for(account):
    """RFC 9110 §14: to go on with one that broke off, and for players that jump."""
    content = bytes(range(256)) * 7_040  # more than is read at once
    message = EmailMessage()
    message["From"], message["Subject"] = account.address, "Large"
    message.set_content("See below.")
    message.add_attachment(content, "application", "octet-stream", filename="large.bin")
    blob = account.jmap.upload(message.as_bytes(policy=email.policy.SMTP))["blobId"]
    inbox = account.jmap.mailbox("inbox")["id"]
    made = account.jmap.call("Email/import", emails={"a": {"blobId": blob, "mailboxIds": {inbox: True}}})["created"]["a"]
    part = account.jmap.emails([made["id"]], "attachments")[0]["attachments"][0]
    assert part["size"] == len(content)

    def get(blob, **headers):
        address = (account.jmap.session["downloadUrl"].replace("{accountId}", account.jmap.account)
                   .replace("{blobId}", blob).replace("{name}", "x").replace("{type}", "application%2Foctet-stream"))
        return account.jmap.http.get(address, headers=headers, timeout=60)

    whole = get(part["blobId"])
    assert whole.status_code == 200 and whole.content == content and whole.headers["Accept-Ranges"] == "bytes"
    for asked, start, end in (("0-0", 0, 1), ("1000000-1000999", 1_000_000, 1_001_000), ("1802230-", 1_802_230, len(content)), ("-7", len(content) - 7, len(content))):
        some = get(part["blobId"], Range=f"bytes={asked}")
        assert some.status_code == 206 and some.content == content[start:end]
        assert some.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(content)}"
    assert get(part["blobId"], Range="bytes=5-9", **{"If-Range": whole.headers["ETag"]}).content == content[5:10]
    assert get(part["blobId"], Range="bytes=5-9", **{"If-Range": '"another"'}).status_code == 200
    refused = get(part["blobId"], Range=f"bytes={len(content)}-")
    assert refused.status_code == 416 and refused.headers["Content-Range"] == f"bytes */{len(content)}"
    assert get(made["blobId"], Range="bytes=0-4").content == account.jmap.download(made["blobId"])[:5]


def test_an_unknown_blob_is_404(account):
    with pytest.raises(requests.HTTPError) as refused:
        account.jmap.download("nothing-here")
    assert refused.value.response.status_code == 404


def test_another_persons_blob_is_404(server, account):
    blob = server.fresh_account().jmap.upload(b"private")["blobId"]
    with pytest.raises(requests.HTTPError) as refused:
        account.jmap.download(blob)
    assert refused.value.response.status_code == 404


def test_an_upload_that_is_too_large_is_refused(account):
    most = account.jmap.session["capabilities"][CORE]["maxSizeUpload"]
    address = account.jmap.absolute(account.jmap.session["uploadUrl"]).replace("{accountId}", account.jmap.account)
    answer = account.jmap.http.post(
        address, data=(b"x" * 65536 for _ in range(most // 65536 + 2)), headers={"Content-Type": "text/plain"}, timeout=60)
    assert answer.status_code in (400, 413)


def test_blobs_are_not_copied_within_one_account(account):
    arguments = {"fromAccountId": account.jmap.account, "accountId": account.jmap.account, "blobIds": ["x"]}
    assert error(account.jmap, "Blob/copy", arguments)["type"] == "invalidArguments"


# §7.3: the event source


def test_a_change_is_pushed_to_the_event_source(account):
    jmap = account.jmap
    with jmap.events() as events:
        jmap.import_message(b"From: a@x.test\r\nSubject: hi\r\n\r\nhello\r\n")
        state = until(lambda: events.states, 5, "a pushed state")[0]
        assert state["@type"] == "StateChange"
        assert {"Email", "Mailbox"} <= set(state["changed"][jmap.account])


def test_only_the_types_asked_for_are_pushed(account):
    jmap = account.jmap
    with jmap.events(types="Mailbox") as events:
        jmap.import_message(b"From: a@x.test\r\nSubject: hi\r\n\r\nhello\r\n")
        state = until(lambda: events.states, 5, "a pushed state")[0]
        assert set(state["changed"][jmap.account]) == {"Mailbox"}


def test_the_stream_ends_after_a_state_when_asked_to(account):
    jmap = account.jmap
    with jmap.events(closeafter="state") as events:
        jmap.import_message(b"From: a@x.test\r\nSubject: hi\r\n\r\nhello\r\n")
        until(lambda: events.states, 5, "a pushed state")
        events.thread.join(5)
        assert not events.thread.is_alive()


def test_pings_come_when_asked_for(account):
    with account.jmap.events(ping="1") as events:
        assert until(lambda: events.pings, 8, "a ping")[0]["interval"] >= 1
