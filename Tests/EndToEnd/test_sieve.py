"""Filters: scripts over JMAP (RFC 9661), run on mail that real clients send."""

import smtplib

import pytest

from portal.jmap import CORE, MAIL, SIEVE
from portal.mail import LMTP, message, send
from portal.waiting import until


def upload(jmap, script):
    return jmap.upload(script.encode(), "application/sieve")["blobId"]


def use(account, script, name="filter"):
    """Makes the script the one that runs; returns its id."""
    result = account.jmap.call(
        "SieveScript/set", create={"s": {"name": name, "blobId": upload(account.jmap, script)}}, onSuccessActivateScript="#s")
    assert result["created"], result
    assert result["created"]["s"]["isActive"] is True
    return result["created"]["s"]["id"]


def deliver(server, account, subject, sender="stranger@foreign.test", text="Good morning.\r\n", **headers):
    send(server.mx, sender, account.address, message(subject, sender=sender, to=account.address, text=text, **headers))


def refusal(server, account, subject, sender="stranger@foreign.test"):
    with pytest.raises(smtplib.SMTPDataError) as caught:
        deliver(server, account, subject, sender)
    return caught.value.smtp_code, caught.value.smtp_error.decode()


def find(account, subject, mailbox):
    def look():
        here = [each for each in account.jmap.mailboxes() if each["name"] == mailbox or each["role"] == mailbox]
        if not here:
            return []
        ids = account.jmap.ids({"inMailbox": here[0]["id"]})
        return [each for each in account.jmap.emails(ids, "id", "subject", "keywords", "blobId") if each["subject"] == subject]

    return until(look, 5, f"{subject} in {mailbox}")


# Scripts


def test_the_session_tells_what_scripts_may_do(account):
    session = account.jmap.get_session()
    assert session["capabilities"][SIEVE]["implementation"]
    limits = session["accounts"][account.jmap.account]["accountCapabilities"][SIEVE]
    assert limits["maxSizeScriptName"] >= 512 and limits["maxNumberRedirects"] > 0
    assert {"fileinto", "vacation", "imap4flags", "regex", "editheader", "duplicate"} <= set(limits["sieveExtensions"])
    assert limits["notificationMethods"] is None and limits["externalLists"] is None
    assert session["primaryAccounts"][SIEVE] == account.jmap.account


def test_a_script_is_a_file_that_people_can_read_and_write(account):
    script = use(account, "keep;\r\n", name="Ordnung")
    folder = account.folder / "sieve"
    assert (folder / "Ordnung.sieve").read_bytes() == b"keep;\r\n"
    assert (folder / "active").resolve() == (folder / "Ordnung.sieve").resolve()
    (folder / "byhand.sieve").write_text("discard;")
    listed = account.jmap.call("SieveScript/get", ids=None)
    assert [(each["name"], each["isActive"]) for each in listed["list"]] == [("Ordnung", True), ("byhand", False)]
    own = next(each for each in listed["list"] if each["id"] == script)
    assert account.jmap.download(own["blobId"], "x.sieve", "application/sieve") == b"keep;\r\n"


def test_ids_and_the_active_script_survive_a_restart(own_server):
    own_server.start()
    account = own_server.fresh_account()
    script = use(account, 'require "fileinto"; fileinto "Archive";')
    before = account.jmap.call("SieveScript/get", ids=None)
    own_server.stop()
    own_server.start()
    assert account.jmap.call("SieveScript/get", ids=None) == before and before["list"][0]["id"] == script
    deliver(own_server, account, "After the restart")
    find(account, "After the restart", "archive")
    own_server.stop()


def test_what_is_no_script_is_refused_with_its_line(account):
    jmap = account.jmap
    blob = upload(jmap, "keep;\r\nif true { frobnicate; }\r\n")
    error = jmap.call("SieveScript/set", create={"s": {"name": "bad", "blobId": blob}})["notCreated"]["s"]
    assert error["type"] == "invalidSieve" and "line 2" in error["description"]
    assert jmap.call("SieveScript/validate", blobId=blob)["error"]["type"] == "invalidSieve"
    assert jmap.call("SieveScript/validate", blobId=upload(jmap, "keep;"))["error"] is None


def test_events_tell_of_scripts(account):
    with account.jmap.events(types="SieveScript,VacationResponse") as events:
        use(account, "keep;")
        until(lambda: any("SieveScript" in each["changed"][account.jmap.account] for each in events.states), 5, "an event")
        account.jmap.call("VacationResponse/set", update={"singleton": {"subject": "x"}})
        until(lambda: any("VacationResponse" in each["changed"][account.jmap.account] for each in events.states), 5, "an event")


def test_only_those_who_opted_in_see_the_methods(account):
    answer = account.jmap.request([["SieveScript/get", {"accountId": account.jmap.account}, "0"]], using=(CORE, MAIL))
    assert answer["methodResponses"][0][1]["type"] == "unknownMethod"


# Filing


def test_filing_into_a_new_folder_with_flags(server, account):
    use(account, """
        require ["fileinto", "mailbox", "imap4flags", "variables", "regex"];
        if header :regex "subject" "^\\\\[([a-z]+)\\\\]" {
            setflag "\\\\Seen"; addflag "$label1";
            fileinto :create "Lists/${1}";
        }
        """)
    deliver(server, account, "[swift] Concurrency")
    deliver(server, account, "Something else")
    email = find(account, "[swift] Concurrency", "swift")[0]
    assert email["keywords"] == {"$seen": True, "$label1": True}
    swift = account.jmap.mailbox(name="swift")
    assert swift["parentId"] == account.jmap.mailbox(name="Lists")["id"]
    assert (account.folder / "Maildir/.Lists.swift").is_dir()
    find(account, "Something else", "inbox")


def test_a_folder_that_is_not_there_means_the_inbox(server, account):
    use(account, 'require "fileinto"; fileinto "Nowhere";')
    deliver(server, account, "Kept")
    find(account, "Kept", "inbox")


def test_a_script_broken_by_hand_loses_nothing(server, account):
    use(account, "discard;", name="mine")
    (account.folder / "sieve/mine.sieve").write_text("discard")
    deliver(server, account, "Still there")
    find(account, "Still there", "inbox")
    assert "filter failed, message kept" in server.log.read_text()


def test_deactivated_means_off(server, account):
    script = use(account, "discard;")
    result = account.jmap.call("SieveScript/set", onSuccessDeactivateScript=True)
    assert result["updated"] == {script: {"isActive": False}}
    deliver(server, account, "Unfiltered")
    find(account, "Unfiltered", "inbox")
    assert account.jmap.call("SieveScript/set", destroy=[script])["destroyed"] == [script]


def test_the_body_and_the_envelope_are_judged(server, account):
    local, domain = account.address.split("@")
    use(account, """
        require ["fileinto", "body", "envelope", "subaddress", "mailbox"];
        if body :text :contains "invoice" { fileinto :create "Bills"; }
        elsif envelope :detail "to" "shop" { fileinto :create "Shop"; }
        """)
    deliver(server, account, "One", text="Your invoice is attached.\r\n")
    send(server.mx, "stranger@foreign.test", f"{local}+shop@{domain}", message("Two", to=account.address))
    find(account, "One", "Bills")
    find(account, "Two", "Shop")


def test_a_changed_header_is_what_lies_in_the_mailbox(server, account):
    use(account, 'require "editheader"; deleteheader "Subject"; addheader :last "Subject" "New"; addheader "X-Sorted" "yes";')
    deliver(server, account, "Old", text="Line one\r\nLine two\r\n")
    content = account.jmap.download(find(account, "New", "inbox")[0]["blobId"])
    assert b"X-Sorted: yes\r\n" in content and b"Old" not in content and content.endswith(b"\r\n\r\nLine one\r\nLine two\r\n")
    assert content.startswith(b"Return-Path: <stranger@foreign.test>\r\n")


def test_the_second_of_a_kind_is_known(server, account):
    use(account, 'require ["duplicate", "fileinto"]; if duplicate :header "message-id" { fileinto "Trash"; }')
    for _ in range(2):
        deliver(server, account, "Again", Message_ID="<same@foreign.test>")
    find(account, "Again", "inbox")
    find(account, "Again", "trash")


def test_the_pipe_runs_the_same_filters(server, account):
    use(account, 'require ["fileinto", "mailbox"]; if header :is "subject" "Piped" { fileinto :create "Pipe"; } else { discard; }')
    server.run("deliver", account.address, input=message("Piped", to=account.address))
    find(account, "Piped", "Pipe")


# Sending on


def test_redirect_goes_out_once_and_comes_to_rest(server, account, foreign):
    use(account, 'redirect "friend@foreign.test";')
    deliver(server, account, "Please forward", sender="stranger@nomail.test")
    envelope = until(lambda: next((each for each in foreign.to("friend@foreign.test") if b"Please forward" in each.content), None), 10, "the redirect")
    assert f"X-Sieve-Redirected-From: {account.address}".encode() in envelope.content
    assert envelope.content.endswith(b"Good morning.\r\n")
    # It comes back, as from a forward over there: now it stays.
    send(server.mx, "stranger@nomail.test", account.address, envelope.content)
    find(account, "Please forward", "inbox")
    assert len([each for each in foreign.to("friend@foreign.test") if b"Please forward" in each.content]) == 1


def test_two_that_redirect_to_each_other_end_with_one_copy(server):
    one, two = server.fresh_account(), server.fresh_account()
    use(one, f'redirect "{two.address}";')
    use(two, f'redirect "{one.address}";')
    deliver(server, one, "Ping pong")
    find(one, "Ping pong", "inbox")
    assert not two.jmap.find("Ping pong")


def test_redirect_copy_keeps_a_copy(server):
    one, two = server.fresh_account(), server.fresh_account()
    use(one, f'require "copy"; redirect :copy "{two.address}";')
    deliver(server, one, "For both")
    find(one, "For both", "inbox")
    find(two, "For both", "inbox")


# Refusing


def test_reject_is_heard_at_the_end_of_the_message(server, account):
    use(account, 'require "reject"; if header :contains "subject" "win" { reject "Not of interest."; }')
    code, text = refusal(server, account, "You win")
    assert code == 550 and text.startswith("5.7.1 ") and "Not of interest." in text
    deliver(server, account, "Good news")
    find(account, "Good news", "inbox")
    assert not account.jmap.find("You win")


def test_one_of_two_refuses_and_the_sender_is_told(server, foreign):
    one, two = server.fresh_account(), server.fresh_account()
    use(one, 'require "ereject"; ereject "Never again.";')
    send(server.mx, "asker@foreign.test", [one.address, two.address], message("To both", sender="asker@foreign.test", to=one.address))
    find(two, "To both", "inbox")
    report = until(lambda: next(iter(foreign.to("asker@foreign.test")), None), 10, "the notification")
    assert report.mail_from in ("", "<>") and one.address.encode() in report.content and b"Never again." in report.content
    assert not one.jmap.find("To both")


def test_over_lmtp_each_has_its_own_answer(server):
    one, two = server.fresh_account(), server.fresh_account()
    use(one, 'require "reject"; reject "No, thank you.";')
    with LMTP(server.lmtp) as client:
        answers = client.deliver("stranger@foreign.test", [one.address, two.address], message("Per person", to=one.address))
    assert answers[one.address][0] == 550 and b"No, thank you." in answers[one.address][1]
    assert answers[two.address][0] == 250
    find(two, "Per person", "inbox")
