"""What all HTTP surfaces share: signing in, headers, files, errors."""

import base64
import http.client
import socket
import time

import pytest
import requests

from portal.mail import message, send
from portal.pages import Webmail
from portal.waiting import until


@pytest.fixture
def web(server):
    """GET, POST … at the server, without cookies but its own."""
    session = requests.Session()
    session.base = server.url
    return session


def sign_in(web, account):
    answer = web.post(f"{web.base}/api/v1/session", json={"address": account.address, "password": account.password}, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer


def test_a_cookie_session_begins_is_known_and_ends(web, account):
    answer = sign_in(web, account)
    assert {"address", "displayName", "accountId", "csrfToken"} <= set(answer.json())
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and cookie.startswith("mailportal_session=")
    assert web.get(f"{web.base}/api/v1/session", timeout=10).json()["address"] == account.address
    assert web.get(f"{web.base}/jmap/session", timeout=10).status_code == 200
    ended = web.delete(f"{web.base}/api/v1/session", headers={"X-CSRF-Token": answer.json()["csrfToken"]}, timeout=10)
    assert ended.status_code in (200, 204)
    assert web.get(f"{web.base}/api/v1/session", timeout=10).status_code == 401


def test_unsafe_requests_by_cookie_need_the_token(web, account):
    token = sign_in(web, account).json()["csrfToken"]
    call = {"using": ["urn:ietf:params:jmap:core"], "methodCalls": [["Core/echo", {}, "0"]]}
    assert web.post(f"{web.base}/jmap/api", json=call, timeout=10).status_code == 403
    assert web.post(f"{web.base}/jmap/api", json=call, headers={"X-CSRF-Token": "wrong"}, timeout=10).status_code == 403
    assert web.post(f"{web.base}/jmap/api", json=call, headers={"X-CSRF-Token": token}, timeout=10).status_code == 200
    elsewhere = {"X-CSRF-Token": token, "Origin": "https://elsewhere.test"}
    assert web.post(f"{web.base}/jmap/api", json=call, headers=elsewhere, timeout=10).status_code == 403


def test_nobody_gets_in_without_credentials(web):
    for path in ("/jmap/session", "/api/v1/session", "/jmap/download/a/b/c", "/api/v1/image?url=https://foreign.test/a.png"):
        answer = web.get(web.base + path, timeout=10)
        assert answer.status_code == 401, path
        assert answer.headers["Content-Type"].startswith("application/problem+json"), path


def test_a_wrong_address_looks_like_a_wrong_password(web, account):
    answers = [
        web.post(f"{web.base}/api/v1/session", json={"address": address, "password": "wrong horse battery"}, timeout=10)
        for address in (account.address, "nobody-at-all@demo.test")
    ]
    assert [each.status_code for each in answers] == [401, 401]
    assert {key: value for key, value in answers[0].json().items() if key != "instance"} == {key: value for key, value in answers[1].json().items() if key != "instance"}


def test_guessing_is_slowed_down(own_server):
    own_server.start()
    person = own_server.fresh_account()

    def guess():
        return requests.post(f"{own_server.url}/api/v1/session", json={"address": person.address, "password": "wrong horse battery"}, timeout=30)

    def is_throttled():
        answer = guess()
        return answer.status_code == 429 and answer.headers.get("Retry-After")

    until(is_throttled, 30, "being throttled")


@pytest.mark.parametrize("path", ["/", "/mail/inbox", "/mail/inbox/T1", "/calendar/", "/settings/", "/admin/", "/login"])
def test_views_are_the_one_page(web, path):
    answer = web.get(web.base + path, timeout=10)
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy and "require-trusted-types-for 'script'" in policy
    assert "frame-ancestors 'none'" in policy and "object-src 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_frame_of_messages_lets_nothing_load(web):
    policy = web.get(f"{web.base}/message-frame.html", timeout=10).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script" not in policy.replace("allow-scripts", "script") and "sandbox" in policy


@pytest.mark.parametrize("path, status", [
    ("/no/such/thing", 404), ("/js/none.js", 404), ("/../Package.swift", 404), ("/..%2fPackage.swift", 404), ("/%2e%2e/Package.swift", 404),
    ("/js/..%2f..%2fPackage.swift", 404), ("/%00", 404), ("/js//main.js", 404),
])
def test_what_is_not_there_is_not_there(server, path, status):
    connection = http.client.HTTPConnection("127.0.0.1", server.http, timeout=10)
    connection.putrequest("GET", path, skip_host=False)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status in (status, 400), body[:200]
    assert b"swift-tools-version" not in body


def test_a_wrong_method_is_told_the_right_ones(web):
    answer = web.delete(f"{web.base}/js/main.js", timeout=10)
    assert answer.status_code == 405 and "GET" in answer.headers["Allow"]
    assert web.put(f"{web.base}/jmap/api", timeout=10).status_code in (401, 405)


def test_files_are_compressed_and_known_again(web):
    answer = web.get(f"{web.base}/js/main.js", headers={"Accept-Encoding": "gzip"}, timeout=10)
    assert answer.headers["Content-Encoding"] == "gzip" and answer.headers["Content-Type"].startswith("text/javascript")
    tag = answer.headers["ETag"]
    again = web.get(f"{web.base}/js/main.js", headers={"If-None-Match": f'"other", {tag}', "Accept-Encoding": "gzip"}, timeout=10)
    assert again.status_code == 304 and again.content == b""
    raw = requests.get(f"{web.base}/js/main.js", headers={"Accept-Encoding": "identity"}, stream=True, timeout=10).raw.read()
    assert answer.content == raw


def test_expect_continue_is_answered_at_once(server, account):
    with socket.create_connection(("127.0.0.1", server.http), timeout=10) as connection:
        basic = base64.b64encode(f"{account.address}:{account.password}".encode()).decode()
        upload = account.jmap.session["uploadUrl"].replace("{accountId}", account.jmap.account).split("/", 3)[3]
        connection.sendall(
            f"POST /{upload} HTTP/1.1\r\nHost: 127.0.0.1:{server.http}\r\nAuthorization: Basic {basic}\r\n"
            "Content-Type: text/plain\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n".encode())
        started = time.monotonic()
        assert connection.recv(1024).startswith(b"HTTP/1.1 100")
        assert time.monotonic() - started < 0.5
        connection.sendall(b"hello")
        assert connection.recv(4096).startswith((b"HTTP/1.1 200", b"HTTP/1.1 201"))


@pytest.mark.parametrize("url", [
    "http://127.0.0.1/a.png", "http://localhost/a.png", "http://[::1]/a.png", "http://10.0.0.1/a.png", "http://169.254.169.254/latest",
    "http://192.168.1.1/a.png", "file:///etc/passwd", "ftp://foreign.test/a.png", "not a url", "",
])
def test_the_image_proxy_goes_nowhere_private(web, account, url):
    sign_in(web, account)
    answer = web.get(f"{web.base}/api/v1/image", params={"url": url}, timeout=20)
    assert answer.status_code >= 400, answer.content[:100]


def test_the_first_page_is_small(server, open_page):
    """At most 130 KB over the wire for a signed-in cold load, and the inbox painted within a second."""
    person = server.fresh_account("small")
    for number in range(12):
        send(server.mx, "a@foreign.test", person.address, message(f"Letter {number}", to=person.address))
    first = open_page(server.url)
    Webmail(first).sign_in(person.address, person.password)
    state = first.context.storage_state()
    page = open_page("about:blank", storage_state=state)
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    received = []
    wire.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    page.goto(server.url)
    page.locator(".row[data-id]").first.wait_for()
    painted = page.evaluate("performance.now()")
    assert sum(received) <= 130_000, f"{sum(received)} bytes in {len(received)} answers"
    print(f"cold load: {sum(received)} bytes, list after {painted:.0f} ms")
