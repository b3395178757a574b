"""The commands of `mailportal`: results on standard output, messages on standard error, exit codes as in sysexits.h."""

import subprocess
import tomllib

import pytest

from portal.mail import message
from portal.server import BINARY, PASSWORD, ROOT
from portal.waiting import until

OK, FAILED, USAGE, DATA, NO_USER, TEMPORARY, NO_PERMISSION, CONFIG = 0, 1, 64, 65, 67, 75, 77, 78


def run(*arguments, input=b""):
    return subprocess.run([BINARY, *map(str, arguments)], input=input, capture_output=True, cwd=ROOT, timeout=60)


def test_the_sample_configuration_is_valid_and_names_every_key(tmp_path):
    sample = run("config", "sample")
    assert sample.returncode == OK
    keys = tomllib.loads(sample.stdout.decode())
    assert keys["hostname"] == "localhost" and keys["data"] == "/var/lib/mailportal"
    assert keys["http"] == {"listen": ["127.0.0.1:8080"], "tls": [], "url": "", "trusted_proxies": []}
    assert keys["smtp"] == {"mx": [], "submission": [], "submissions": [], "lmtp": [], "socketmap": [], "max_message_size": "50MB"}
    assert keys["tls"] == {"certificate": "", "key": ""}
    assert keys["antispam"] == {"rspamd": "", "rspamd_controller": "", "on_unavailable": "accept"}
    assert keys["outbound"] == {"smarthost": "", "port": 25, "mta_sts_port": 443, "authorities": ""}
    assert keys["dns"] == {"servers": [], "records": "", "trust_anchors": []}
    assert keys["log"] == {"level": "info", "format": "text"}


@pytest.mark.parametrize("content, line", [
    ('hostname = "a.test"\nwish = 1\n', "2"),
    ('hostname = "a.test"\n\n[smtp]\nmx = []\nspeed = "high"\n', "5"),
    ("hostname = \n", "1"),
    ("[[[\n", "1"),
    ('[log]\nlevel = "loud"\n', "2"),
])
def test_a_wrong_configuration_refuses_to_start_and_says_where(tmp_path, content, line):
    file = tmp_path / "wrong.toml"
    file.write_text(content)
    done = run("serve", "--config", file)
    assert done.returncode == CONFIG, done
    assert line in done.stderr.decode().replace(str(file), ""), done.stderr


def test_a_missing_configuration_file_is_an_error(tmp_path):
    assert run("serve", "--config", tmp_path / "none.toml").returncode in (66, CONFIG)


def test_unknown_words_are_a_usage_error():
    assert run("dance").returncode == USAGE
    assert run("account", "dance").returncode == USAGE


def test_domains_are_added_listed_and_removed(own_server):
    own_server.run("domain", "add", "second.test", "--verified")
    own_server.run("domain", "add", "bücher.test")
    listed = {each["name"]: each for each in own_server.json("domain", "list")}
    assert {"demo.test", "second.test", "xn--bcher-kva.test"} <= set(listed)
    own_server.run("domain", "remove", "second.test")
    assert "second.test" not in {each["name"] for each in own_server.json("domain", "list")}
    assert own_server.run("domain", "add", "demo.test", check=False).returncode == FAILED
    assert own_server.run("domain", "add", "not a domain", check=False).returncode in (FAILED, USAGE, DATA)


def test_a_pending_domain_receives_nothing(own_server):
    own_server.run("domain", "add", "pending.test")
    own_server.add_account("someone@pending.test")
    done = own_server.run("deliver", "someone@pending.test", input=message("Too early"), check=False)
    assert done.returncode in (NO_USER, NO_PERMISSION)


def test_accounts_are_added_listed_disabled_and_removed(own_server):
    own_server.add_account("ann@demo.test")
    listed = {each["address"]: each for each in own_server.json("account", "list")}
    assert listed["ann@demo.test"]["enabled"] is True and "password" not in str(listed).lower()
    own_server.run("account", "disable", "ann@demo.test")
    assert own_server.json("account", "list")[0]["enabled"] is False
    own_server.run("account", "enable", "ann@demo.test")
    assert own_server.run("account", "add", "ann@demo.test", "--password-stdin", input=PASSWORD, check=False).returncode == FAILED
    own_server.run("account", "remove", "ann@demo.test")
    assert own_server.json("account", "list") == []


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaa", "ann@demo.test", "password1234"])
def test_weak_passwords_are_refused(own_server, password):
    done = own_server.run("account", "add", "ann@demo.test", "--password-stdin", input=password, check=False)
    assert done.returncode != OK and done.stderr
    assert own_server.json("account", "list") == []


def test_a_changed_password_counts_at_once(server):
    person = server.fresh_account()
    assert person.jmap
    server.run("account", "password", person.address, "--password-stdin", input="another horse battery\n")
    import requests

    def status(password):
        return requests.get(f"{server.url}/jmap/session", auth=(person.address, password), timeout=10).status_code

    until(lambda: status("another horse battery") == 200, what="the new password")
    until(lambda: status(person.password) == 401, what="the old password's end")


def test_aliases_and_sender_addresses_are_kept(own_server):
    own_server.add_account("ann@demo.test")
    own_server.run("alias", "add", "info@demo.test", "ann@demo.test", "pen@foreign.test")
    assert own_server.json("alias", "list")[0]["recipients"] == ["ann@demo.test", "pen@foreign.test"]
    own_server.run("sender", "add", "info@demo.test", "ann@demo.test")
    assert own_server.json("sender", "list")[0]["address"] == "info@demo.test"
    own_server.run("alias", "add", "round@demo.test", "trip@demo.test")
    assert own_server.run("alias", "add", "trip@demo.test", "round@demo.test", check=False).returncode != OK, "a cycle"
    own_server.run("alias", "remove", "info@demo.test")
    assert "info@demo.test" not in str(own_server.json("alias", "list"))


def test_deliver_speaks_sysexits(own_server):
    own_server.add_account("ann@demo.test")
    own_server.add_account("tiny@demo.test", "--quota", "200")
    own_server.add_account("off@demo.test")
    own_server.run("account", "disable", "off@demo.test")
    deliver = lambda address, content=message("From a pipe"): own_server.run("deliver", address, input=content, check=False).returncode
    assert deliver("ann@demo.test") == OK
    assert deliver("ann+box@demo.test") == OK
    assert deliver("nobody-here@demo.test") == NO_USER
    assert deliver("off@demo.test") in (NO_USER, NO_PERMISSION)
    assert deliver("tiny@demo.test", message("Big", text="x" * 60 + "\r\n" + "y" * 900 + "\r\n")) in (TEMPORARY, 73)
    assert deliver("not an address") in (USAGE, DATA, NO_USER)
    own_server.start()
    from portal.server import Account

    assert len(Account(own_server, "ann@demo.test").jmap.find("From a pipe")) == 2


def test_a_delivery_from_a_pipe_shows_in_the_running_server(server, account):
    with account.jmap.events() as events:
        server.run("deliver", account.address, input=message("From a pipe, live"))
        until(lambda: account.jmap.find("From a pipe, live"), 5, "the message")
        until(lambda: events.states, 5, "the push")


def test_unix_line_ends_from_a_pipe_are_made_right(server, account):
    server.run("deliver", account.address, input=message("Unix ends").replace(b"\r\n", b"\n"))
    email = until(lambda: account.jmap.find("Unix ends"), what="the message")[0]
    content = account.jmap.download(email["blobId"])
    assert content.count(b"\n") == content.count(b"\r\n") > 4


def test_verify_and_rebuild_work_while_the_server_runs(server, account):
    server.run("deliver", account.address, input=message("Verified"))
    assert server.run("verify", account.address).returncode == OK
    assert server.run("rebuild", account.address).returncode == OK
    until(lambda: account.jmap.find("Verified"), what="the message after the rebuild")


def test_a_second_server_on_the_same_data_is_refused(server, tmp_path):
    config = tmp_path / "second.toml"
    config.write_text(f'data = "{server.data}"\n[http]\nlisten = ["127.0.0.1:0"]\n')
    process = subprocess.Popen([BINARY, "serve", "--config", config], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        assert process.wait(15) not in (0, None)
    finally:
        process.kill()


def test_the_demo_is_alive_within_seconds(tmp_path):
    """`serve --demo` makes domain, people and mail, and prints how to sign in."""
    import re

    from portal.jmap import JMAP
    from portal.waiting import accepts, free_ports

    ports = free_ports(4)
    config = tmp_path / "demo.toml"
    config.write_text(
        f'hostname = "localhost"\ndata = "{tmp_path}/data"\n[http]\nlisten = ["127.0.0.1:{ports[0]}"]\n'
        f'[smtp]\nmx = ["127.0.0.1:{ports[1]}"]\nsubmission = ["127.0.0.1:{ports[2]}"]\nlmtp = ["127.0.0.1:{ports[3]}"]\n')
    with (tmp_path / "out").open("wb") as out:
        process = subprocess.Popen([BINARY, "serve", "--demo", "--config", config], stdout=out, stderr=out)
    try:
        until(lambda: process.poll() is None and accepts(ports[0]) and b"alice@demo.test" in (tmp_path / "out").read_bytes(), 60, "the demo")
        printed = (tmp_path / "out").read_text()
        for person in ("admin", "alice", "bob", "carol"):
            password = re.search(rf"{person}@demo\.test\s+(\S+)", printed).group(1)
            jmap = JMAP(f"http://127.0.0.1:{ports[0]}", f"{person}@demo.test", password)
            assert jmap.call("Email/query", limit=1, calculateTotal=True)["total"] >= 120
            assert len(jmap.mailboxes()) >= 10
    finally:
        process.terminate()
        process.wait(20)
