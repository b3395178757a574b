"""What goes wrong beside us: a full disk, and another process that makes the index anew."""

import random
import subprocess
import threading

import pytest

from portal.mail import LMTP, message
from portal.server import Account
from portal.waiting import until


@pytest.fixture
def small_disk(own_server):
    """The server's data on a file system of 24 MB."""
    kept = own_server.directory / "kept"
    own_server.data.rename(kept)
    own_server.data.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", own_server.data], capture_output=True).returncode != 0:
        pytest.skip("file systems cannot be mounted here")
    try:
        subprocess.run(["cp", "-a", f"{kept}/.", own_server.data], check=True)
        yield own_server
    finally:
        own_server.kill()
        subprocess.run(["umount", "-l", own_server.data], check=True)


def test_a_full_disk_loses_nothing_and_is_told(small_disk):
    server = small_disk
    account = server.fresh_account()
    server.start()
    noise = random.Random(1)
    taken, refused, number = [], [], 0
    client = LMTP(server.lmtp)
    filler = server.data / "filler"
    filler.touch()
    while len(refused) < 5:
        number += 1
        assert number < 500
        words = "".join(noise.randbytes(35).hex() + "\r\n" for _ in range(5_000))
        code = client.deliver("a@foreign.test", [account.address], message(f"Filling {number}", to=account.address, text=words))[account.address][0]
        (taken if code == 250 else refused).append(number)
        assert code == 250 or 400 <= code < 500
    assert taken

    # What is there can be read; what cannot be written says so.
    inbox = account.jmap.mailbox("inbox")["id"]
    with filler.open("ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    ids = account.jmap.ids({"inMailbox": inbox})
    assert len(ids) == len(taken)
    answer = account.jmap.request([["Email/set", {"accountId": account.jmap.account, "update": {each: {"keywords/$flagged": True} for each in ids}}, "s"]])
    name, result, _ = answer["methodResponses"][0]
    flagged = set(result.get("updated") or {}) if name == "Email/set" else set()
    assert name == "error" or set(result.get("notUpdated") or {}) | flagged == set(ids)

    # With room again all goes on, without a restart.
    filler.unlink()
    emails = account.jmap.emails(ids, "subject", "keywords")
    assert {each["subject"] for each in emails} == {f"Filling {each}" for each in taken}
    assert {each["id"] for each in emails if "$flagged" in each["keywords"]} == flagged
    for each in ids[: len(ids) // 2]:
        assert each in account.jmap.call("Email/set", destroy=[each])["destroyed"]
    again = LMTP(server.lmtp)
    until(lambda: again.deliver("a@foreign.test", [account.address], message("Afterwards", to=account.address))[account.address][0] == 250, 10, "mail being taken again")
    assert account.jmap.find("Afterwards")
    server.stop()
    assert server.run("verify").returncode == 0


def test_an_index_is_made_anew_beside_a_running_server(own_server):
    account = own_server.fresh_account()
    own_server.start()
    client = LMTP(own_server.lmtp)
    for number in range(30):
        client.deliver("a@foreign.test", [account.address], message(f"Before {number}", to=account.address))
    inbox = account.jmap.mailbox("inbox")["id"]
    before = set(account.jmap.ids({"inMailbox": inbox}))
    ended = threading.Event()
    taken = []

    def deliver():
        while not ended.is_set():
            subject = f"Meanwhile {len(taken)}"
            code = client.deliver("a@foreign.test", [account.address], message(subject, to=account.address))[account.address][0]
            assert code == 250
            taken.append(subject)

    thread = threading.Thread(target=deliver)
    thread.start()
    try:
        for _ in range(3):
            own_server.run("rebuild", account.address)
            assert before <= set(account.jmap.ids({"inMailbox": inbox}))
    finally:
        ended.set()
        thread.join(30)

    def subjects():
        ids = account.jmap.ids({"inMailbox": inbox})
        return sorted(each["subject"] for position in range(0, len(ids), 200) for each in account.jmap.emails(ids[position : position + 200], "subject"))

    wanted = sorted([f"Before {number}" for number in range(30)] + taken)
    until(lambda: subjects() == wanted, 10, "all mail being listed once")
    assert account.jmap.ids({"text": "Meanwhile"}, limit=5)
    own_server.stop()
    assert own_server.run("verify").returncode == 0
    assert set(Account(own_server, account.address).folder.joinpath("Maildir").glob("tmp/*")) == set()
