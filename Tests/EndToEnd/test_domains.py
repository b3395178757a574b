"""Domains of all classes: whose they are, by TXT records of a zone file; what is refused; what a running server makes of it."""

import smtplib

import pytest

from portal.waiting import until

OK, FAILED, USAGE, DATA = 0, 1, 64, 65


def publish(server, *records):
    """Adds records to the zone file. Commands read it anew; a server reads it when it starts."""
    with server.records.open("a") as zone:
        zone.write("".join(record + "\n" for record in records))


def domain(server, name):
    found = server.json("domain", "list", name)
    return found[0] if found else None


def refused(server, *arguments):
    """Runs a command that must fail; returns what it says."""
    done = server.run(*arguments, check=False)
    assert done.returncode in (FAILED, USAGE, DATA), (arguments, done)
    return done.stderr.decode()


def txt(name, text):
    return f'{name}. 60 IN TXT "{text}"'


def rcpt(server, address):
    """The running server's reply to RCPT from outside."""
    with smtplib.SMTP("127.0.0.1", server.mx, local_hostname="mta.foreign.test", timeout=10) as client:
        client.ehlo()
        client.mail("probe@foreign.test")
        return client.rcpt(address)[0]


# TXT verification


def test_a_domain_is_pending_until_its_record_is_found(own_server):
    own_server.start()
    added = own_server.json("domain", "add", "new.test")
    assert added["state"] == "pending" and added["expires"]
    record = added["verificationRecord"]
    assert record.startswith("mailportal-verification=") and len(record.split("=")[1]) == 32
    own_server.run("account", "add", "ann@new.test", "--password-stdin", input="correct horse battery\n")
    assert rcpt(own_server, "ann@new.test") >= 500
    assert record in refused(own_server, "domain", "verify", "new.test")
    publish(own_server, txt("new.test", record))
    verified = own_server.json("domain", "verify", "new.test")
    assert verified["state"] == "verified" and not verified["verifiedByHand"]
    until(lambda: rcpt(own_server, "ann@new.test") == 250, 5, "the running server's taking mail for the domain")
    assert own_server.json("domain", "verify", "new.test")["checked"]


def test_any_one_record_of_several_passes_and_strings_are_joined(own_server):
    record = own_server.json("domain", "add", "new.test")["verificationRecord"]
    publish(own_server, txt("new.test", "v=spf1 -all"), txt("new.test", "mailportal-verification=somebody-else"))
    refused(own_server, "domain", "verify", "new.test")
    publish(own_server, f'new.test. 60 IN TXT "{record[:10]}" "{record[10:30]}" "{record[30:]}"')
    assert own_server.json("domain", "verify", "new.test")["state"] == "verified"


def test_the_server_finds_a_record_by_itself(own_server):
    record = own_server.json("domain", "add", "new.test")["verificationRecord"]
    publish(own_server, txt("new.test", record))
    own_server.start()
    until(lambda: domain(own_server, "new.test")["state"] == "verified", 20, "the server's look at the record")
    assert "domain verified" in own_server.log.read_text()


def test_two_accounts_claim_a_domain_and_the_first_to_verify_wins(own_server):
    for name in ("ann", "ben"):
        own_server.add_account(f"{name}@demo.test", "--role", "domainAdmin")
    first = own_server.json("domain", "add", "new.test", "--claimant", "ann@demo.test")
    second = own_server.json("domain", "add", "new.test", "--claimant", "ben@demo.test")
    assert first["verificationRecord"] != second["verificationRecord"]
    refused(own_server, "domain", "add", "new.test", "--claimant", "ben@demo.test")
    own_server.run("account", "add", "boss@new.test", "--password-stdin", input="correct horse battery\n")
    assert {claim["claimant"] for claim in domain(own_server, "new.test")["claims"]} == {"ann@demo.test", "ben@demo.test"}
    publish(own_server, txt("new.test", second["verificationRecord"]))
    refused(own_server, "domain", "verify", "new.test", "--claimant", "ann@demo.test")
    won = own_server.json("domain", "verify", "new.test")
    assert won["state"] == "verified" and won["claimant"] == "ben@demo.test" and won["claims"] == []
    assert own_server.json("account", "list") and "boss@new.test" not in str(own_server.json("account", "list"))
    publish(own_server, txt("new.test", first["verificationRecord"]))
    refused(own_server, "domain", "add", "new.test", "--claimant", "ann@demo.test")


def test_verification_by_hand_is_logged(own_server):
    own_server.start()
    own_server.run("domain", "add", "new.test")
    done = own_server.run("domain", "verify", "new.test", "--verified")
    assert "by hand" in done.stderr.decode()
    assert domain(own_server, "new.test")["verifiedByHand"]
    until(lambda: "verified by hand" in own_server.log.read_text(), 20, "the log line")


@pytest.mark.parametrize("name", ["com", "co.uk", "test", "xn--gmqw5a.hk", "個人.hk"])
def test_public_suffixes_are_refused(own_server, name):
    assert "public suffix" in refused(own_server, "domain", "add", name, "--verified")


def test_names_of_ones_own_network_are_possible(own_server):
    for name in ("intranet", "example.test", "example.co.uk"):
        own_server.run("domain", "add", name)


# The other classes


def test_a_domain_alias_has_a_hosted_target_and_a_proof_of_its_own(own_server):
    own_server.add_account("ann@demo.test")
    record = own_server.json("domain-alias", "add", "alias.test", "demo.test")["verificationRecord"]
    own_server.start()
    assert rcpt(own_server, "ann@alias.test") >= 500
    publish(own_server, txt("alias.test", record))
    refused(own_server, "domain", "verify", "alias.test")
    assert own_server.json("domain-alias", "verify", "alias.test")["target"] == "demo.test"
    until(lambda: rcpt(own_server, "ann@alias.test") == 250, 5, "the alias domain's taking mail")
    assert own_server.json("domain-alias", "list") == [domain(own_server, "alias.test")]

    assert "hosted" in refused(own_server, "account", "add", "ben@alias.test")
    assert "hosted" in refused(own_server, "domain-alias", "add", "second.test", "alias.test")
    refused(own_server, "domain-alias", "add", "second.test", "none.test")
    refused(own_server, "domain-alias", "add", "demo.test", "demo.test")
    refused(own_server, "domain", "remove", "demo.test")
    refused(own_server, "relay-domain", "remove", "alias.test")
    own_server.run("domain-alias", "remove", "alias.test")
    until(lambda: rcpt(own_server, "ann@alias.test") >= 500, 5, "the alias domain's end")


def test_circles_across_domain_aliases_are_refused(own_server):
    own_server.run("domain-alias", "add", "alias.test", "demo.test", "--verified")
    assert "circle" in refused(own_server, "alias", "add", "info@demo.test", "info@alias.test")
    own_server.run("alias", "add", "info@demo.test", "info@later.test")
    assert "circle" in refused(own_server, "domain-alias", "add", "later.test", "demo.test")


def test_a_destination_that_is_this_server_is_refused(own_server):
    publish(own_server, "me.test. 60 IN A 127.0.0.1", "other.test. 60 IN A 192.0.2.77")
    for server in (f"127.0.0.1:{own_server.mx}", f"localhost:{own_server.mx}", "mail.demo.test:25", f"me.test:{own_server.mx}"):
        assert "this server" in refused(own_server, "relay-domain", "add", "relay.test", server, "--verified")
        assert "this server" in refused(own_server, "domain", "set", "demo.test", "--sdr", server)
    own_server.run("relay-domain", "add", "relay.test", f"other.test:{own_server.mx}", "--verified")
    refused(own_server, "relay-domain", "set", "relay.test", f"me.test:{own_server.mx}")
    own_server.run("relay-domain", "set", "relay.test", "other.test:26", "--tls", "required")
    listed = own_server.json("relay-domain", "list")[0]
    assert (listed["server"], listed["serverTLS"], listed["class"]) == ("other.test:26", "required", "relay")
    own_server.run("relay-domain", "remove", "relay.test")
    assert own_server.json("relay-domain", "list") == []


def test_a_catch_all_and_split_domain_routing_contradict_each_other(own_server):
    own_server.add_account("ann@demo.test")
    own_server.run("domain", "set", "demo.test", "--sdr", "b.test:25")
    assert domain(own_server, "demo.test")["server"] == "b.test:25"
    assert "contradict" in refused(own_server, "domain", "set", "demo.test", "--catch-all", "ann@demo.test")
    refused(own_server, "domain", "set", "demo.test", "--sdr-tls", "required")
    own_server.run("domain", "set", "demo.test", "--sdr", "none", "--catch-all", "ann@demo.test")
    assert "contradict" in refused(own_server, "domain", "set", "demo.test", "--sdr", "b.test:25")
    assert domain(own_server, "demo.test")["catchAll"] == "ann@demo.test"
    own_server.run("domain", "set", "demo.test", "--catch-all", "none", "--sdr", "b.test:25")
    assert "catchAll" not in domain(own_server, "demo.test") and domain(own_server, "demo.test")["server"] == "b.test:25"


def test_credentials_of_a_destination_are_not_shown_and_not_in_clear_on_disk(own_server):
    own_server.run(
        "domain", "set", "demo.test", "--sdr", "b.test:587", "--sdr-tls", "required", "--sdr-user", "relay",
        "--sdr-password-stdin", input="open sesame, please\n")
    shown = own_server.run("domain", "list", "--json").stdout.decode()
    assert '"relay"' in shown and "sesame" not in shown
    for file in own_server.data.glob("directory.*"):
        assert b"sesame" not in file.read_bytes()
    refused(own_server, "domain", "set", "demo.test", "--sdr", "b.test:587", "--sdr-tls", "none", "--sdr-user", "relay")


def test_a_suspended_domain_receives_nothing_until_it_is_resumed(own_server):
    own_server.add_account("ann@demo.test")
    own_server.start()
    assert rcpt(own_server, "ann@demo.test") == 250
    own_server.run("domain", "suspend", "demo.test")
    until(lambda: rcpt(own_server, "ann@demo.test") >= 500, 5, "the suspension")
    own_server.run("domain", "resume", "demo.test")
    until(lambda: rcpt(own_server, "ann@demo.test") == 250, 5, "the resumption")
    own_server.run("domain", "add", "new.test")
    refused(own_server, "domain", "suspend", "new.test")


# Policy


def test_thresholds_are_set_for_all_and_for_one_domain(own_server):
    def shown(*scope):
        found = own_server.json("thresholds", "show", *scope)
        return found["defer"], found["junk"], found["reject"], found["source"]

    own = ("--domain", "demo.test")
    assert shown() == shown(*own) == (3, 4, 10, "standard")
    own_server.run("thresholds", "set", "2,5,20")
    assert shown() == shown(*own) == (2, 5, 20, "global")
    own_server.run("domain", "set", "demo.test", "--thresholds", "1,2.5,999")
    assert shown(*own) == (1, 2.5, 999, "demo.test") and shown()[3] == "global"
    own_server.run("domain-alias", "add", "alias.test", "demo.test", "--verified")
    assert shown("--domain", "alias.test") == shown(*own)
    refused(own_server, "domain", "set", "alias.test", "--thresholds", "1,2,3")
    for wrong in ("0,4,10", "4,4,10", "3,10,4", "3,4,1000", "1,2", "a,b,c", ""):
        refused(own_server, "thresholds", "set", wrong)
    own_server.run("domain", "set", "demo.test", "--thresholds", "default")
    own_server.run("thresholds", "set", "default")
    assert shown() == shown(*own) == (3, 4, 10, "standard")


def test_lists_are_kept_per_domain_and_for_all(own_server):
    own_server.run("list", "add", "block", "Spam.test")
    own_server.run("list", "add", "block", "192.0.2.9/24")
    own_server.run("list", "add", "allow", "Ann@spam.test", "--domain", "demo.test")
    assert [each["entry"] for each in own_server.json("list", "show", "block")] == ["spam.test", "192.0.2.0/24"]
    assert own_server.json("list", "show", "--domain", "demo.test") == [{"list": "allow", "entry": "ann@spam.test", "domain": "demo.test"}]
    refused(own_server, "list", "add", "block", "spam.test")
    refused(own_server, "list", "add", "block", "not a thing")
    refused(own_server, "list", "add", "grey", "spam.test")
    refused(own_server, "list", "add", "block", "spam.test", "--domain", "none.test")
    own_server.run("list", "remove", "block", "192.0.2.0/24")
    refused(own_server, "list", "remove", "block", "192.0.2.0/24")
    assert len(own_server.json("list", "show")) == 1
