"""Each extension with clients that people use: Python's smtplib, swaks, curl, msmtp, and Postfix as a sender."""

import os
import shutil
import smtplib
import ssl
import subprocess

import pytest

from portal.mail import message, swaks, without_trace
from portal.postfix import PROGRAM, Postfix
from portal.waiting import until

UTF8 = "Grüße aus Łódź 🐎"


def unverified():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def delivered(account, subject):
    email = until(lambda: account.jmap.find(subject), 15, subject)[0]
    return without_trace(account.jmap.download(email["blobId"]))


def test_smtplib_uses_starttls_size_8bitmime_and_smtputf8(server, account):
    content = message(f"smtplib {UTF8}", to=account.address, text="Žluťoučký kůň.\r\n..dots\r\n")
    with smtplib.SMTP("127.0.0.1", server.mx, local_hostname="client.foreign.test", timeout=20) as client:
        client.starttls(context=unverified())
        client.ehlo()
        for word in ("size", "8bitmime", "smtputf8", "pipelining", "chunking", "enhancedstatuscodes"):
            assert client.has_extn(word), word
        client.sendmail("józef@foreign.test", [account.address], content, mail_options=["SMTPUTF8", "BODY=8BITMIME"])
    assert delivered(account, f"smtplib {UTF8}") == content


@pytest.mark.parametrize("mechanism", ["auth_plain", "auth_login"])
def test_smtplib_logs_in_under_tls_by_either_mechanism(server, account, mechanism):
    with smtplib.SMTP_SSL("127.0.0.1", server.submissions, context=unverified(), timeout=20) as client:
        client.ehlo()
        client.user, client.password = account.address, account.password
        assert client.auth(mechanism.removeprefix("auth_"), getattr(client, mechanism))[0] == 235
        content = message(f"By {mechanism}", sender=account.address, to=account.address)
        client.sendmail(account.address, [account.address], content)
    assert delivered(account, f"By {mechanism}") == content


def test_swaks_pipelines(server, account):
    swaks("--to", account.address, "--from", "a@foreign.test", "--server", f"127.0.0.1:{server.mx}", "--pipeline", "--tls",
          "--header", "Subject: Pipelined by swaks")
    assert delivered(account, "Pipelined by swaks")


def test_curl_submits(server, account, tmp_path):
    content = message("By curl", sender=account.address, to=account.address, text="Good morning.\r\n.\r\n..two\r\n")
    (tmp_path / "letter").write_bytes(content)
    for address, more in ((f"smtps://127.0.0.1:{server.submissions}", ()), (f"smtp://127.0.0.1:{server.submission}", ("--ssl-reqd",))):
        subprocess.run(["curl", "-sS", "--insecure", *more, "--url", f"{address}/client.foreign.test", "--user", f"{account.address}:{account.password}",
                        "--mail-from", account.address, "--mail-rcpt", account.address, "--upload-file", tmp_path / "letter"], check=True, timeout=60)
    until(lambda: len(account.jmap.find("By curl")) == 2, 15, "both")
    assert delivered(account, "By curl") == content


@pytest.mark.skipif(shutil.which("msmtp") is None, reason="msmtp is not installed")
def test_msmtp_submits(server, account, tmp_path):
    settings = tmp_path / "msmtprc"
    settings.write_text(
        f"account default\nhost 127.0.0.1\nport {server.submission}\nauth plain\ntls on\ntls_certcheck off\n"
        f"user {account.address}\npassword {account.password}\nfrom {account.address}\n")
    settings.chmod(0o600)
    content = message(f"msmtp {UTF8}", sender=account.address, to=account.address)
    subprocess.run(["msmtp", "-C", settings, "--", account.address], input=content, check=True, timeout=60)
    assert delivered(account, f"msmtp {UTF8}").split(b"\r\n\r\n", 1)[1] == content.split(b"\r\n\r\n", 1)[1]


@pytest.mark.skipif(os.geteuid() != 0, reason="Postfix must be started by root")
def test_postfix_sends_under_tls_with_the_bytes_unchanged(server, account):
    """Postfix pipelines, declares size and eight bits, and starts TLS where it is offered."""
    assert os.path.exists(PROGRAM), "Postfix is not installed; script/bootstrap --test installs it"
    postfix = Postfix(f"relayhost = [127.0.0.1]:{server.mx}\nmynetworks = 127.0.0.0/8\nsmtp_tls_security_level = encrypt\nsmtp_tls_loglevel = 1\n").start()
    try:
        content = message(f"Postfix {UTF8}", to=account.address, text="Žluťoučký kůň.\r\n.\r\n" + "x" * 990 + "\r\n")
        with smtplib.SMTP("127.0.0.1", postfix.port, local_hostname="client.foreign.test", timeout=20) as client:
            client.sendmail("a@foreign.test", [account.address], content, mail_options=["SMTPUTF8", "BODY=8BITMIME"])
        assert delivered(account, f"Postfix {UTF8}") == content
        assert postfix.lines("TLS connection established")
    finally:
        postfix.remove()
