"""Mail in: every listed extension, every limit, every kind of recipient."""

import re
import smtplib
import ssl

import pytest

from portal.mail import LMTP, Line, canonical, message, send, swaks, without_trace
from portal.waiting import until


def hello(line, name="client.foreign.test"):
    code, lines = line.say(f"EHLO {name}")
    assert code == 250
    return [each.decode() for each in lines]


def test_the_mx_lists_what_it_can_do(server):
    with Line(server.mx) as line:
        words = {each.split(" ")[0] for each in hello(line)[1:]}
    assert {"PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "STARTTLS", "ENHANCEDSTATUSCODES"} <= words
    assert "AUTH" not in words, "an MX takes no passwords"


def test_size_is_said_and_held(server, account):
    with Line(server.mx) as line:
        size = next(each for each in hello(line) if each.startswith("SIZE"))
        assert int(size.split()[1]) == 2_000_000 or int(size.split()[1]) == 2 * 1024 * 1024
        assert line.say("MAIL FROM:<a@foreign.test> SIZE=999999999")[0] == 552
        assert line.say("MAIL FROM:<a@foreign.test>")[0] == 250
        assert line.say(f"RCPT TO:<{account.address}>")[0] == 250
        assert line.say("DATA")[0] == 354
        line.send(message("Too much") + b"x" * 78 + b"\r\n")
        for _ in range(40):
            line.send((b"y" * 998 + b"\r\n") * 64)
        assert line.say(b".\r\n")[0] == 552
        assert line.say("NOOP")[0] == 250, "the connection goes on"
    assert account.jmap.in_role("inbox") == []


def test_pipelined_commands_are_answered_in_order(server, account):
    with Line(server.mx) as line:
        hello(line)
        line.send(
            b"MAIL FROM:<a@foreign.test>\r\nRCPT TO:<nobody-here@demo.test>\r\nRCPT TO:<%s>\r\nDATA\r\n"
            % account.address.encode()
        )
        assert [line.reply()[0] for _ in range(4)] == [250, 550, 250, 354]
        line.send(message("Pipelined") + b".\r\nQUIT\r\n")
        assert [line.reply()[0] for _ in range(2)] == [250, 221]
    assert account.jmap.find("Pipelined")


def test_eight_bit_bodies_and_utf8_headers_arrive_as_they_are(server, account):
    content = message("Grüße aus Łódź", text="Žluťoučký kůň 🐎\r\n")
    send(server.mx, "a@foreign.test", account.address, content, mail_options=["BODY=8BITMIME", "SMTPUTF8"])
    email = account.jmap.find("Grüße aus Łódź")[0]
    assert without_trace(account.jmap.download(email["blobId"])) == content


def test_an_smtputf8_sender_is_taken(server, account):
    with Line(server.mx) as line:
        hello(line)
        assert line.say("MAIL FROM:<józef@przykład.test> SMTPUTF8".encode() + b"\r\n")[0] == 250
        assert line.say(f"RCPT TO:<{account.address}>")[0] == 250


def test_starttls_protects_and_forgets_what_was_said_before(server, account):
    with Line(server.mx) as line:
        hello(line)
        line.start_tls()
        assert line.say("MAIL FROM:<early@foreign.test>")[0] == 503, "the greeting has to be said again"
        assert not any(each.startswith("STARTTLS") for each in hello(line))
        assert line.say("MAIL FROM:<a@foreign.test>")[0] == 250


def test_what_is_pipelined_behind_starttls_is_dropped(server):
    with Line(server.mx) as line:
        hello(line)
        line.send(b"STARTTLS\r\nRSET\r\nNOOP\r\n")
        assert line.reply()[0] == 220
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            secure = context.wrap_socket(line.socket)
        except (ssl.SSLError, OSError):
            return  # refusing to go on is right, too
        secure.settimeout(20)
        secure.sendall(b"EHLO again.foreign.test\r\n")
        assert secure.recv(4096).startswith(b"250-"), "the first answer inside TLS is the one to EHLO"


def test_swaks_delivers_over_starttls(server, account):
    done = swaks("--to", account.address, "--from", "a@foreign.test", "--server", f"127.0.0.1:{server.mx}", "--tls",
                 "--header", "Subject: By swaks, under TLS")
    assert "=== TLS started" in done.stdout
    assert account.jmap.find("By swaks, under TLS")


@pytest.mark.parametrize("broken", [b"one\ntwo\r\n", b"one\rtwo\r\n", b"one\n.\r\ntwo\r\n", b"one\r\n.\ntwo\r\n", b"one\r.\r\n"])
def test_a_bare_cr_or_lf_in_a_message_is_refused(server, account, broken):
    with Line(server.mx) as line:
        hello(line)
        line.say("MAIL FROM:<a@foreign.test>")
        line.say(f"RCPT TO:<{account.address}>")
        assert line.say("DATA")[0] == 354
        line.send(message("Smuggled") + broken + b"\r\n.\r\n")
        code, lines = line.reply()
        assert 500 <= code < 600, (code, lines)
    assert account.jmap.in_role("inbox") == []


def test_a_smuggled_second_message_is_never_delivered(server, account):
    second = b"MAIL FROM:<evil@foreign.test>\r\nRCPT TO:<%s>\r\nDATA\r\n" % account.address.encode() + message("Second")
    for end in (b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r"):
        with Line(server.mx) as line:
            hello(line)
            line.say("MAIL FROM:<a@foreign.test>")
            line.say(f"RCPT TO:<{account.address}>")
            line.say("DATA")
            line.send(message("First") + end + second + b"\r\n.\r\n")
            assert line.reply()[0] != 250
    assert account.jmap.find("Second") == []


def test_dots_are_unstuffed(server, account):
    send(server.mx, "a@foreign.test", account.address, message("Dots", text=".one\r\n..two\r\n.\r\nthree\r\n"))
    email = account.jmap.find("Dots")[0]
    assert without_trace(account.jmap.download(email["blobId"])).endswith(b"\r\n\r\n.one\r\n..two\r\n.\r\nthree\r\n")


def test_trace_fields_are_written_on_top(server, account):
    send(server.mx, "a@foreign.test", account.address, message("Traced"))
    content = account.jmap.download(account.jmap.find("Traced")[0]["blobId"])
    assert content.startswith(b"Return-Path: <a@foreign.test>\r\n")
    received = re.search(rb"(?m)^Received: ([^\r]*(?:\r\n[ \t][^\r]*)*)", content).group(1)
    for part in (b"from client.foreign.test", b"by mail.demo.test", b"ESMTP"):
        assert part in received, received


@pytest.mark.parametrize("command, code", [
    ("MAIL FROM:<a@foreign.test", 501), ("MAIL FROM:a@foreign.test>", 501), ("RCPT TO:<a@demo.test>", 503), ("DATA", 503),
    ("MAIL FROM:<a@foreign.test> WISH=1", 555), ("NONSENSE", 500), ("VRFY alice", 252), ("HELO", 501),
])
def test_what_is_out_of_order_or_malformed_is_refused(server, command, code):
    with Line(server.mx) as line:
        hello(line)
        answer, lines = line.say(command)
        assert answer == code or (code == 500 and answer == 502), (answer, lines)
        assert line.say("NOOP")[0] == 250


def test_mail_before_hello_is_refused(server):
    with Line(server.mx) as line:
        assert line.say("MAIL FROM:<a@foreign.test>")[0] == 503


def test_a_line_without_end_does_not_fill_the_memory(server):
    with Line(server.mx) as line:
        hello(line)
        try:
            for _ in range(64):
                line.send(b"N" * 65_536)
            line.send(b"\r\n")
            code, _ = line.reply()
        except OSError:
            return  # the server has hung up
        assert code in (0, 421, 500)


def test_rcpt_answers_have_enhanced_codes(server):
    with Line(server.mx) as line:
        hello(line)
        line.say("MAIL FROM:<a@foreign.test>")
        code, lines = line.say("RCPT TO:<nobody-here@demo.test>")
        assert (code, lines[0][:5]) == (550, b"5.1.1")
        code, lines = line.say("RCPT TO:<somebody@elsewhere.test>")
        assert code in (550, 554) and lines[0][:3] == b"5.7", "we do not relay for strangers"


def test_detail_reaches_the_mailbox(server, account):
    send(server.mx, "a@foreign.test", f"{account.local}+shop@demo.test", message("With detail"))
    assert account.jmap.find("With detail")


def test_addresses_are_compared_without_case(server, account):
    send(server.mx, "a@foreign.test", f"{account.local.upper()}@DEMO.test", message("In capitals"))
    assert account.jmap.find("In capitals")


def test_an_alias_reaches_people_here_and_elsewhere(server, account, foreign):
    other = server.fresh_account()
    server.run("alias", "add", f"both.{account.local}@demo.test", account.address, other.address, "pen@foreign.test")
    until(lambda: _accepts(server, f"both.{account.local}@demo.test"), what="the alias being known")
    send(server.mx, "a@foreign.test", f"both.{account.local}@demo.test", message("To an alias", text="Body of the alias.\r\n"))
    assert account.jmap.find("To an alias") and other.jmap.find("To an alias")
    envelope = until(lambda: [each for each in foreign.to("pen@foreign.test") if b"To an alias" in each.content], 10, "the forward")[0]
    assert b"Body of the alias." in envelope.content


def test_two_ways_to_one_mailbox_give_one_copy(server, account):
    server.run("alias", "add", f"twice.{account.local}@demo.test", account.address)
    until(lambda: _accepts(server, f"twice.{account.local}@demo.test"), what="the alias being known")
    send(server.mx, "a@foreign.test", [account.address, f"twice.{account.local}@demo.test", f"{account.local}+x@demo.test"], message("Only once"))
    assert len(account.jmap.find("Only once")) == 1


def test_the_catch_all_takes_what_nobody_else_does(server, account):
    server.run("domain", "add", "catching.test", "--verified")
    server.run("domain", "set", "catching.test", "--catch-all", account.address)
    until(lambda: _accepts(server, "whoever@catching.test"), what="the catch-all being known")
    send(server.mx, "a@foreign.test", "whatever@catching.test", message("Caught"))
    assert account.jmap.find("Caught")
    server.run("domain", "set", "catching.test", "--catch-all", "none")
    until(lambda: not _accepts(server, "whoever@catching.test"), what="the catch-all being gone")


def test_postmaster_and_abuse_always_resolve(server):
    server.add_account("keeper@demo.test", "--role", "masterAdmin")
    for name in ("postmaster", "abuse"):
        until(lambda: _accepts(server, f"{name}@demo.test"), what=f"{name} being taken")


def test_a_disabled_account_receives_nothing(server):
    person = server.fresh_account()
    until(lambda: _accepts(server, person.address), what="the account being known")
    server.run("account", "disable", person.address)
    until(lambda: not _accepts(server, person.address), what="the account being disabled")
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(server.mx, "a@foreign.test", person.address, message("Nobody home"))
    code, text = refused.value.recipients[person.address]
    assert code == 550 and text.startswith(b"5.2.1")


def test_an_account_over_quota_defers(server):
    person = server.fresh_account("full", "--quota", "3000")
    big = message("Fills it", text="x" * 70 + "\r\n" * 1 + ("y" * 70 + "\r\n") * 60)
    with LMTP(server.lmtp) as lmtp:
        replies = [lmtp.deliver("a@foreign.test", [person.address], big) for _ in range(2)]
    answers = [reply.get(person.address, (452, b"4.2.2 at RCPT")) for reply in replies]
    assert answers[-1][0] == 452 and b"4.2.2" in answers[-1][1], answers


def _accepts(server, address):
    with Line(server.mx) as line:
        hello(line)
        line.say("MAIL FROM:<probe@foreign.test>")
        return line.say(f"RCPT TO:<{address}>")[0] == 250


# LMTP


def test_lmtp_answers_for_each_recipient(server, account):
    other = server.fresh_account()
    with LMTP(server.lmtp) as lmtp:
        replies = lmtp.deliver("a@foreign.test", [account.address, "nobody-here@demo.test", other.address], message("By LMTP"))
    assert {address: code for address, (code, _) in replies.items()} == {account.address: 250, other.address: 250}
    assert account.jmap.find("By LMTP") and other.jmap.find("By LMTP")


def test_lmtp_listens_on_a_unix_socket(server, account):
    with smtplib.LMTP(str(server.lmtp_socket)) as lmtp:
        lmtp.sendmail("a@foreign.test", [account.address], message("By a socket"))
    assert account.jmap.find("By a socket")


def test_lmtp_knows_no_helo(server):
    with Line(server.lmtp) as line:
        assert line.say("EHLO mta.demo.test")[0] in (500, 502)
        assert line.say("LHLO mta.demo.test")[0] == 250


# Submission


def test_submission_offers_passwords_only_under_tls_or_on_loopback(server, account):
    with Line(server.submission) as line:
        words = hello(line)
        assert any(each.startswith("STARTTLS") for each in words)
        line.start_tls()
        mechanisms = next(each for each in hello(line) if each.startswith("AUTH"))
        assert {"PLAIN", "LOGIN"} <= set(mechanisms.split())


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_a_user_submits_by_either_mechanism(server, account, mechanism):
    other = server.fresh_account()
    swaks("--to", other.address, "--from", account.address, "--server", f"127.0.0.1:{server.submission}", "--tls",
          "--auth", mechanism, "--auth-user", account.address, "--auth-password", account.password,
          "--header", f"From: {account.address}", "--header", f"Subject: Submitted by {mechanism}")
    until(lambda: other.jmap.find(f"Submitted by {mechanism}"), what="the submitted message")


def test_submissions_is_tls_from_the_first_byte(server, account):
    other = server.fresh_account()
    swaks("--to", other.address, "--from", account.address, "--server", f"127.0.0.1:{server.submissions}", "--tls-on-connect",
          "--auth", "PLAIN", "--auth-user", account.address, "--auth-password", account.password,
          "--header", f"From: {account.address}", "--header", "Subject: Submitted under TLS")
    until(lambda: other.jmap.find("Submitted under TLS"), what="the submitted message")


def test_a_wrong_password_is_refused_and_nothing_is_taken(server, account):
    with smtplib.SMTP("127.0.0.1", server.submission, timeout=20) as client:
        client.ehlo()
        with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
            client.login(account.address, "wrong horse battery")
        assert refused.value.smtp_code == 535
        assert client.mail(account.address)[0] == 530


def test_nobody_submits_under_anothers_name(server, account):
    other = server.fresh_account()
    with smtplib.SMTP("127.0.0.1", server.submission, timeout=20) as client:
        client.login(account.address, account.password)
        code = client.mail(other.address)[0]
        if code == 250:
            code = client.rcpt(other.address)[0]
        assert code in (550, 553)
    with smtplib.SMTP("127.0.0.1", server.submission, timeout=20) as client:
        client.login(account.address, account.password)
        with pytest.raises(smtplib.SMTPException):
            client.sendmail(account.address, [other.address], message("Forged", sender="boss@demo.test", to=other.address))
    assert other.jmap.find("Forged") == []


def test_what_is_submitted_without_date_and_id_gets_them(server, account):
    other = server.fresh_account()
    with smtplib.SMTP("127.0.0.1", server.submission, timeout=20) as client:
        client.login(account.address, account.password)
        client.sendmail(account.address, [other.address], f"From: {account.address}\r\nSubject: Bare\r\n\r\nHi\r\n".encode())
    email = until(lambda: other.jmap.find("Bare"), what="the message")[0]
    content = other.jmap.download(email["blobId"])
    assert re.search(rb"(?mi)^Date: ", content) and re.search(rb"(?mi)^Message-ID: <", content)


def test_a_message_comes_in_chunks(server, account):
    """CHUNKING: the octets of BDAT are counted, not searched for dots."""
    content = message("In chunks", text=".\r\nA dot alone ends nothing here.\r\n")
    with Line(server.mx) as line:
        if "CHUNKING" not in hello(line):
            pytest.fail("CHUNKING is not offered")
        line.say("MAIL FROM:<a@foreign.test>")
        line.say(f"RCPT TO:<{account.address}>")
        assert line.say(b"BDAT 10\r\n" + content[:10])[0] == 250
        line.send(b"BDAT 20\r\n" + content[10:30] + b"BDAT %d LAST\r\n" % (len(content) - 30) + content[30:] + b"NOOP\r\n")
        assert [line.reply()[0] for _ in range(3)] == [250, 250, 250]
    email = account.jmap.find("In chunks")[0]
    assert without_trace(account.jmap.download(email["blobId"])) == content
