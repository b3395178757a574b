"""PushSubscription (RFC 8620 §7.2): verified first, then told of changes, encrypted where keys are."""

import itertools

import pytest
import requests

from portal.jmap import CORE, JMAP, MAIL
from portal.mail import message, send
from portal.push import PushServer, Receiver
from portal.server import Server
from portal.waiting import until

PATHS = itertools.count(1)


@pytest.fixture(scope="module")
def receiver(tmp_path_factory):
    receiver = PushServer(tmp_path_factory.mktemp("push"))
    yield receiver
    receiver.stop()


@pytest.fixture(scope="module")
def pushing(tmp_path_factory, receiver):
    """A server that may push to loopback."""
    server = Server(tmp_path_factory.mktemp("pushing"))
    server.serve_options = ["--push-trust", receiver.certificate]
    server.run("domain", "add", "demo.test", "--verified")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def person(pushing):
    return pushing.fresh_account()


def call(jmap, method, **arguments):
    name, result, _ = jmap.request([[method, arguments, "0"]], using=(CORE, MAIL))["methodResponses"][0]
    assert name != "error", result
    return result


def create(jmap, receiver, path, **more):
    subscription = {"deviceClientId": "a889-ffea-910", "url": receiver.url(path), **more}
    return call(jmap, "PushSubscription/set", create={"p": subscription})


def subscribe(account, receiver, open=None, **more):
    """A verified subscription: its path and its id."""
    path = f"/push/{next(PATHS)}"
    made = create(account.jmap, receiver, path, **more)["created"]["p"]
    body = until(lambda: receiver.at(path), 10, "the verification")[0][1]
    notice = open(body) if open else receiver.notices(path)[0]
    assert notice["@type"] == "PushVerification" and notice["pushSubscriptionId"] == made["id"]
    result = call(account.jmap, "PushSubscription/set", update={made["id"]: {"verificationCode": notice["verificationCode"]}})
    assert made["id"] in result["updated"], result
    return path, made["id"]


def deliver(server, account, subject):
    send(server.mx, "stranger@foreign.test", account.address, message(subject, to=account.address))


def test_a_change_is_pushed_with_the_states_that_get_tells(pushing, person, receiver):
    path, _ = subscribe(person, receiver)
    deliver(pushing, person, "Push me")
    notice = until(lambda: receiver.notices(path)[1:], 10, "the push")[-1]
    assert notice["@type"] == "StateChange" and list(notice["changed"]) == [person.jmap.account]
    headers = receiver.at(path)[1][0]
    assert headers["Content-Type"] == "application/json" and int(headers["TTL"]) >= 0
    state = lambda: receiver.notices(path)[-1]["changed"][person.jmap.account].get("Email")
    until(lambda: state() == person.jmap.call("Email/get", ids=[])["state"], 10, "the state of Email")


def test_nothing_is_told_before_it_is_verified(pushing, person, receiver):
    path = f"/push/{next(PATHS)}"
    made = create(person.jmap, receiver, path)["created"]["p"]
    until(lambda: receiver.at(path), 10, "the verification")
    deliver(pushing, person, "Silence")
    until(lambda: person.jmap.find("Silence"), 5, "the message")
    wrong = call(person.jmap, "PushSubscription/set", update={made["id"]: {"verificationCode": "guessed"}})
    assert wrong["notUpdated"][made["id"]]["type"] == "invalidProperties"
    other, _ = subscribe(person, receiver)
    deliver(pushing, person, "Noise")
    until(lambda: receiver.notices(other)[1:], 10, "the push to the other")
    assert len(receiver.at(path)) == 1


def test_keys_mean_that_only_the_client_can_read(pushing, person, receiver):
    client = Receiver()
    path, _ = subscribe(person, receiver, open=client.open, keys=client.keys)
    deliver(pushing, person, "Secret")
    until(lambda: receiver.at(path)[1:], 10, "the push")
    headers, body = receiver.at(path)[1]
    assert headers["Content-Encoding"] == "aes128gcm" and b"StateChange" not in body
    assert client.open(body)["@type"] == "StateChange"


def test_only_the_types_that_were_asked_for(pushing, person, receiver):
    path, _ = subscribe(person, receiver, types=["Identity"])
    every, _ = subscribe(person, receiver)
    deliver(pushing, person, "Not for all")
    until(lambda: receiver.notices(every)[1:], 10, "the push to the other")
    identity = person.jmap.call("Identity/get", ids=None)["list"][0]["id"]
    person.jmap.call("Identity/set", update={identity: {"name": "New"}})
    until(lambda: receiver.notices(path)[1:], 10, "the push")
    assert [list(each["changed"][person.jmap.account]) for each in receiver.notices(path)[1:]] == [["Identity"]]


def test_a_server_that_fails_is_asked_again(pushing, person, receiver):
    path, _ = subscribe(person, receiver)
    receiver.statuses[path].append(503)
    deliver(pushing, person, "Twice")
    until(lambda: len(receiver.at(path)) >= 3, 20, "the second try")
    assert receiver.notices(path)[2]["@type"] == "StateChange"


def test_a_subscription_that_is_gone_there_is_gone_here(pushing, person, receiver):
    path, id = subscribe(person, receiver)
    receiver.statuses[path].append(410)
    deliver(pushing, person, "Gone")
    until(lambda: call(person.jmap, "PushSubscription/get", ids=[id])["notFound"] == [id], 10, "its end")
    files = person.folder / "records/PushSubscription"
    assert not list(files.glob("*.json"))


def test_a_destroyed_one_is_told_nothing(pushing, person, receiver):
    path, id = subscribe(person, receiver)
    assert call(person.jmap, "PushSubscription/set", destroy=[id])["destroyed"] == [id]
    other, _ = subscribe(person, receiver)
    deliver(pushing, person, "After")
    until(lambda: receiver.notices(other)[1:], 10, "the push to the other")
    assert len(receiver.at(path)) == 1


def test_it_lasts_over_a_restart(pushing, person, receiver):
    path, id = subscribe(person, receiver)
    pushing.stop()
    pushing.run("deliver", person.address, input=message("Meanwhile", to=person.address))
    pushing.start()
    # What came while the server was down is told as well.
    until(lambda: receiver.notices(path)[1:], 10, "the push")
    email = receiver.notices(path)[1]["changed"][person.jmap.account]["Email"]
    assert email == person.jmap.call("Email/get", ids=[])["state"]
    assert [each["id"] for each in call(person.jmap, "PushSubscription/get", ids=None)["list"]] == [id]


def test_neither_address_nor_keys_are_given_back(person, receiver):
    _, id = subscribe(person, receiver)
    shown = call(person.jmap, "PushSubscription/get", ids=[id])["list"][0]
    assert set(shown) == {"id", "deviceClientId", "verificationCode", "expires", "types"}
    answer = person.jmap.request([["PushSubscription/get", {"properties": ["url"]}, "0"]])["methodResponses"][0]
    assert answer[0] == "error" and answer[1]["type"] == "forbidden"


def test_another_credential_does_not_see_it(pushing, person, receiver):
    path, id = subscribe(person, receiver)
    browser = requests.Session()
    answer = browser.post(f"{pushing.url}/api/v1/session", json={"address": person.address, "password": person.password}, timeout=10)
    assert answer.status_code in (200, 201), answer.text
    token = answer.json().get("csrfToken") or answer.json().get("csrf")
    body = {"using": [CORE], "methodCalls": [["PushSubscription/get", {"ids": None}, "0"]]}
    seen = browser.post(f"{pushing.url}/jmap/api", json=body, headers={"X-CSRF-Token": token}, timeout=10).json()
    assert seen["methodResponses"][0][1]["list"] == []
    # The password's end is the subscription's end.
    pushing.run("account", "password", person.address, "--password-stdin", input="another long password\n")
    changed = lambda: requests.get(f"{pushing.url}/jmap/session", auth=(person.address, "another long password"), timeout=10).status_code == 200
    until(changed, 5, "the new password")
    fresh = JMAP(pushing.url, person.address, "another long password")
    until(lambda: call(fresh, "PushSubscription/get", ids=None)["list"] == [], 5, "its being gone for others")
    deliver(pushing, person, "Too late")
    until(lambda: fresh.find("Too late"), 5, "the message")
    until(lambda: not list((person.folder / "records/PushSubscription").glob("*.json")), 10, "its end on the disk")
    assert len(receiver.at(path)) == 1


@pytest.mark.parametrize("url", ["http://push.example.org/", "https://127.0.0.1/", "https://10.0.0.1/", "https://[::1]/", "https://localhost/", "ftp://x/"])
def test_addresses_in_our_own_network_are_refused(account, url):
    error = call(account.jmap, "PushSubscription/set", create={"p": {"deviceClientId": "d", "url": url}})["notCreated"]["p"]
    assert error["type"] == "invalidProperties" and error["properties"] == ["url"]


def test_it_ends_within_a_week_unless_it_is_renewed(person, receiver):
    path = f"/push/{next(PATHS)}"
    made = create(person.jmap, receiver, path, expires="2999-01-01T00:00:00Z")["created"]["p"]
    assert made["expires"] < "2999"
    again = call(person.jmap, "PushSubscription/set", update={made["id"]: {"expires": "2999-01-01T00:00:00Z"}})
    assert again["updated"][made["id"]]["expires"] >= made["expires"]
