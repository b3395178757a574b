"""Plain files are the truth: the index can go, and other programs may write beside us."""

import mailbox
import shutil

from portal.mail import message, send
from portal.server import Account
from portal.waiting import until


def picture(jmap):
    """All that must survive the loss of an index."""
    emails = jmap.emails(jmap.ids(), "id", "threadId", "mailboxIds", "keywords", "subject", "receivedAt", "blobId", "size", "preview")
    boxes = jmap.mailboxes()
    keys = ("id", "name", "parentId", "role", "totalEmails", "unreadEmails", "totalThreads", "unreadThreads")
    return (
        sorted(emails, key=lambda each: each["id"]),
        sorted(({key: box[key] for key in keys} for box in boxes), key=lambda box: box["id"]),
    )


def fill(server, account):
    """A conversation, folders, flags and keywords."""
    first = message("A walk", Message_ID="<walk.1@foreign.test>")
    answer = message("Re: A walk", Message_ID="<walk.2@foreign.test>", In_Reply_To="<walk.1@foreign.test>", References="<walk.1@foreign.test>")
    for content in (first, answer, message("Alone"), message("Zum Grüßen")):
        send(server.mx, "a@foreign.test", account.address, content)
    jmap = account.jmap
    made = jmap.call("Mailbox/set", create={"p": {"name": "Projects"}, "g": {"name": "Garden & Söhne / 庭", "parentId": "#p"}})["created"]
    walk, alone = jmap.find("A walk")[0]["id"], jmap.find("Alone")[0]["id"]
    inbox = jmap.mailbox("inbox")["id"]
    updated = jmap.call("Email/set", update={
        walk: {"keywords/$seen": True, "keywords/$flagged": True, "keywords/receipts": True},
        alone: {f"mailboxIds/{inbox}": None, f"mailboxIds/{made['g']['id']}": True, "keywords/$seen": True},
    })
    assert not updated.get("notUpdated"), updated


def test_a_deleted_index_comes_back_with_the_same_ids_counts_and_threads(own_server):
    account = own_server.fresh_account()
    own_server.start()
    fill(own_server, account)
    before = picture(account.jmap)
    old_state = account.jmap.call("Email/get", ids=[])["state"]
    own_server.stop()
    shutil.rmtree(account.folder / "index")
    own_server.start()
    again = Account(own_server, account.address).jmap
    until(lambda: len(again.ids()) == len(before[0]), 10, "the messages")
    assert picture(again) == before
    from portal.jmap import MethodError

    try:
        changes = again.call("Email/changes", sinceState=old_state)
        assert changes["created"] == changes["updated"] == changes["destroyed"] == []
    except MethodError as error:
        assert error.type == "cannotCalculateChanges"


def test_rebuild_gives_the_same_and_verify_finds_nothing(own_server):
    account = own_server.fresh_account()
    own_server.start()
    fill(own_server, account)
    before = picture(account.jmap)
    own_server.stop()
    own_server.run("rebuild", account.address)
    assert own_server.run("verify", account.address).returncode == 0
    own_server.start()
    assert picture(Account(own_server, account.address).jmap) == before


def test_verify_says_what_is_wrong(own_server):
    account = own_server.fresh_account()
    own_server.start()
    fill(own_server, account)
    own_server.stop()
    files = [path for path in (account.folder / "Maildir").rglob("*") if path.is_file() and path.parent.name in ("cur", "new")]
    files[0].unlink()
    done = own_server.run("verify", account.address, check=False)
    assert done.returncode == 1 and done.stdout.strip()
    own_server.start()
    until(lambda: len(Account(own_server, account.address).jmap.ids()) == len(files) - 1, 10, "the reconciled list")
    own_server.stop()
    assert own_server.run("verify", account.address).returncode == 0


def test_another_program_may_read_and_write_the_maildir(server, account):
    send(server.mx, "a@foreign.test", account.address, message("For a reader of Maildirs"))
    jmap = account.jmap
    until(lambda: jmap.find("For a reader of Maildirs"), what="the message")
    box = mailbox.Maildir(account.folder / "Maildir", create=False)
    assert [each["subject"] for each in box] == ["For a reader of Maildirs"]
    with jmap.events():
        box.add(mailbox.MaildirMessage(message("Put there by another program")))
        email = until(lambda: jmap.find("Put there by another program"), 10, "the other program's message")[0]
        key = next(key for key in box.keys() if box[key]["subject"] == "Put there by another program")
        changed = box[key]
        changed.set_subdir("cur")
        changed.set_flags("FS")
        box[key] = changed
        until(lambda: {"$seen", "$flagged"} <= set(jmap.emails([email["id"]], "keywords")[0]["keywords"]), 10, "the other program's flags")
        box.remove(key)
        until(lambda: not jmap.find("Put there by another program"), 10, "the removal")


def test_flags_and_folders_are_named_as_dovecot_names_them(server, account):
    fill(server, account)
    maildir = account.folder / "Maildir"
    names = [path.name for path in (maildir / "cur").iterdir()]
    assert any(":2," in name and "F" in name.split(":2,")[1] and "S" in name.split(":2,")[1] for name in names), names
    assert "receipts" in (maildir / "dovecot-keywords").read_text()
    folders = [path.name for path in maildir.iterdir() if path.is_dir() and path.name.startswith(".")]
    assert ".Projects" in folders and any(name.startswith(".Projects.Garden &- S") for name in folders), folders
