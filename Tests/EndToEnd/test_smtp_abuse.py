"""Hostile SMTP clients: every one is answered, or sent away, and none gets through, fills the memory, or keeps others from being served."""

import base64
import re
import smtplib
import socket
import ssl
import time

import pytest

from portal.hostile import Crowd, Honest, descriptors, raise_descriptors, resident
from portal.mail import Line, message, send, without_trace
from portal.server import ROOT
from portal.waiting import until

HELLO = b"EHLO client.foreign.test\r\n"
MAIL = b"MAIL FROM:<evil@foreign.test>\r\n"
CLOSED = 0


def codes(line, count):
    """The codes of the next replies; the list ends with CLOSED where the server hung up."""
    answers = []
    for _ in range(count):
        try:
            code = line.reply()[0]
        except ConnectionResetError:
            code = CLOSED
        answers.append(code)
        if code == CLOSED:
            break
    return answers


def nothing_more(line):
    """The connection is in step: what is asked now gets the next answer, and that answer is the last."""
    line.send(b"NOOP\r\nQUIT\r\n")
    assert codes(line, 3) == [250, 221, CLOSED]


# Smuggling: (name, what is hoped to end the message, whether the message is refused for it)

ENDS = [
    ("LF . LF", b"\n.\n", True), ("LF . CRLF", b"\n.\r\n", True), ("CRLF . LF", b"\r\n.\n", True), ("CR . CR", b"\r.\r", True),
    ("CR . CRLF", b"\r.\r\n", True), ("CRLF . CR", b"\r\n.\r", True), ("LF . CR", b"\n.\r", True), ("CR . LF", b"\r.\n", True),
    ("CR CRLF . CR CRLF", b"\r\r\n.\r\r\n", True), ("CRLF . CR CRLF", b"\r\n.\r\r\n", True), ("LF LF . LF LF", b"\n\n.\n\n", True),
    ("CRLF LF . CRLF", b"\r\n\n.\r\n", True), ("CRLF CR . CRLF", b"\r\n\r.\r\n", True), ("LF CR . LF CR", b"\n\r.\n\r", True),
    ("CRLF NUL . CRLF", b"\r\n\0.\r\n", True), ("CRLF . NUL CRLF", b"\r\n.\0\r\n", True), ("CRLF NUL NUL . NUL CRLF", b"\r\n\0\0.\0\r\n", True),
    ("CR NUL LF . CRLF", b"\r\0\n.\r\n", True), ("CRLF . CR NUL LF", b"\r\n.\r\0\n", True), ("LF NUL . LF", b"\n\0.\n", True),
    ("CRLF . space CRLF", b"\r\n. \r\n", False), ("CRLF . tab CRLF", b"\r\n.\t\r\n", False), ("CRLF space . CRLF", b"\r\n .\r\n", False),
    ("CRLF .. CRLF", b"\r\n..\r\n", False), ("VT . VT", b"\x0b.\x0b", False), ("FF . FF", b"\x0c.\x0c", False), ("NEL . NEL", b"\x85.\x85", False),
    ("NEL in UTF-8", b"\xc2\x85.\xc2\x85", False), ("LS in UTF-8", b"\xe2\x80\xa8.\xe2\x80\xa8", False), ("control Z", b"\r\n\x1a\r\n", False),
    ("CRLF BS . CRLF", b"\r\n\x08.\r\n", False), ("CRLF .. NUL CRLF", b"\r\n..\0\r\n", False), ("CRLF full-width . CRLF", b"\r\n\xef\xbc\x8e\r\n", False),
    ("CRLF high . CRLF", b"\r\n\xae\r\n", False), ("high CR high LF . high CR high LF", b"\x8d\x8a.\x8d\x8a", False),
]


@pytest.fixture(scope="module")
def target(server):
    """Whom all conversations of this file are aimed at."""
    return server.fresh_account("target")


def smuggled(account):
    return b"MAIL FROM:<evil@foreign.test>\r\nRCPT TO:<%s>\r\nDATA\r\n" % account.address.encode() + message("Smuggled")


@pytest.mark.parametrize("name, end, is_refused", ENDS, ids=[each[0] for each in ENDS])
def test_data_ends_at_its_end_alone(server, target, name, end, is_refused):
    account, subject = target, f"Carrier by DATA: {name}"
    content = message(subject, text="One line.") + end + smuggled(account)
    with Line(server.mx) as line:
        line.send(HELLO + MAIL + b"RCPT TO:<%s>\r\nDATA\r\n" % account.address.encode())
        assert codes(line, 4) == [250, 250, 250, 354]
        line.send(content + b"\r\n.\r\n")
        assert codes(line, 1) == [554 if is_refused else 250]
        nothing_more(line)
    assert account.jmap.find("Smuggled") == []
    carriers = account.jmap.find(subject)
    assert len(carriers) == (0 if is_refused else 1)
    if carriers:
        unstuffed = re.sub(rb"(?<=\r\n)\.", b"", content) + b"\r\n"
        assert without_trace(account.jmap.download(carriers[0]["blobId"])) == unstuffed


@pytest.mark.parametrize("name, end, is_refused", ENDS[:20] + [("CRLF . CRLF", b"\r\n.\r\n", False)], ids=[each[0] for each in ENDS[:20]] + ["CRLF . CRLF"])
def test_chunks_end_where_their_size_says(server, target, name, end, is_refused):
    account, subject = target, f"Carrier by BDAT: {name}"
    # A line of a dot and a NUL would end the message for the next server only when it stands so in what we send on.
    content = message(subject, text="One line.") + end + smuggled(account)
    with Line(server.mx) as line:
        line.send(HELLO + MAIL + b"RCPT TO:<%s>\r\nBDAT %d\r\n" % (account.address.encode(), len(content)) + content + b"BDAT 0 LAST\r\n")
        assert codes(line, 5) == [250, 250, 250, 250, 554 if is_refused else 250]
        nothing_more(line)
    assert account.jmap.find("Smuggled") == []
    assert len(account.jmap.find(subject)) == (0 if is_refused else 1)


# Conversations: (name, what is sent, the codes of the answers). `@` stands for an account's address.

OK = [250]
BIG = b"x" * 300
TALK = [
    # Lines
    ("a bare LF ends no command", b"NOOP\nNOOP\r\n", [500, 250]),
    ("a bare CR ends no command", b"NOOP\rRSET\r\n", [500]),
    ("a NUL in a verb", b"NO\0OP\r\n", [500]),
    ("a NUL in an argument", b"MAIL FROM:<a\0@foreign.test>\r\n", [501]),
    ("a control character in a path", b"MAIL FROM:<a\x08@foreign.test>\r\n", [501]),
    ("eight bits in a verb", b"\xc3\x89HLO x\r\n", [500]),
    ("invalid UTF-8 in a path", b"MAIL FROM:<\xff\xfe@foreign.test> SMTPUTF8\r\n", [501]),
    ("UTF-8 in a path without SMTPUTF8", "MAIL FROM:<józef@foreign.test>\r\n".encode(), [553]),
    ("an empty line", b"\r\n", [500]),
    ("a line of blanks", b"   \r\n", [500]),
    ("a line of 20,000 octets", b"N" * 20_000 + b"\r\n", [500]),
    ("a line of 2 MB", b"N" * 2_000_000 + b"\r\n", [500]),
    ("many lines in one packet", b"NOOP\r\n" * 150, [250] * 150),
    # Greetings
    ("EHLO of 300 octets", b"EHLO " + BIG + b"\r\n", [501]),
    ("EHLO without a name", b"EHLO\r\n", [501]),
    ("EHLO with a CR", b"EHLO a\rb\r\n", [501]),
    ("EHLO with blanks", b"EHLO a b\r\n", [501]),
    ("EHLO with eight bits", b"EHLO \xe9t\xe9\r\n", [501]),
    ("EHLO again ends the transaction", MAIL + HELLO + b"RCPT TO:<@>\r\n", [250, 250, 503]),
    ("LHLO at an MX", b"LHLO x\r\n", [500]),
    # Order
    ("RCPT before MAIL", b"RCPT TO:<@>\r\n", [503]),
    ("DATA before MAIL", b"DATA\r\n", [503]),
    ("DATA before RCPT", MAIL + b"DATA\r\n", [250, 503]),
    ("MAIL within MAIL", MAIL + MAIL, [250, 503]),
    ("DATA when every RCPT was refused", MAIL + b"RCPT TO:<nobody-here@demo.test>\r\nDATA\r\n", [250, 550, 554]),
    ("a message behind a DATA that was refused is not read as commands", MAIL + b"RCPT TO:<nobody-here@demo.test>\r\nDATA\r\nRSET\r\nMAIL FROM:<>\r\n",
     [250, 550, 554, 421, CLOSED]),
    ("DATA with an argument", MAIL + b"RCPT TO:<@>\r\nDATA now\r\n", [250, 250, 501]),
    ("RSET forgets", MAIL + b"RCPT TO:<@>\r\nRSET\r\nDATA\r\n", [250, 250, 250, 503]),
    ("QUIT ends what is pipelined behind it", b"QUIT\r\nMAIL FROM:<a@foreign.test>\r\n", [221, CLOSED]),
    # Verbs that are not for everybody
    ("AUTH at an MX", b"AUTH PLAIN AGEAYg==\r\n", [502]),
    ("XFORWARD from a stranger", b"XFORWARD ADDR=192.0.2.1\r\n", [500]),
    ("XCLIENT", b"XCLIENT ADDR=192.0.2.1\r\n", [500]),
    ("a PROXY header from a stranger", b"PROXY TCP4 192.0.2.1 192.0.2.2 1 25\r\n", [500]),
    ("EXPN", b"EXPN staff\r\n", [502]),
    ("VRFY tells nothing", b"VRFY @\r\nVRFY nobody-here@demo.test\r\n", [252, 252]),
    ("TURN", b"TURN\r\n", [500]),
    ("a browser", b"POST / HTTP/1.1\r\nHost: x\r\n\r\nMAIL FROM:<a@foreign.test>\r\n", [421, CLOSED]),
    # STARTTLS
    ("STARTTLS with an argument", b"STARTTLS now\r\n", [501]),
    ("STARTTLS in a transaction", MAIL + b"STARTTLS\r\n", [250, 503]),
    # Parameters
    ("a SIZE above ours", b"MAIL FROM:<a@foreign.test> SIZE=99999999999999999999\r\n", [552]),
    ("a SIZE of 21 digits", b"MAIL FROM:<a@foreign.test> SIZE=" + b"9" * 21 + b"\r\n", [501]),
    ("a negative SIZE", b"MAIL FROM:<a@foreign.test> SIZE=-1\r\n", [501]),
    ("a SIZE in words", b"MAIL FROM:<a@foreign.test> SIZE=big\r\n", [501]),
    ("two SIZEs", b"MAIL FROM:<a@foreign.test> SIZE=1 SIZE=2\r\n", [501]),
    ("BODY=BINARYMIME", b"MAIL FROM:<a@foreign.test> BODY=BINARYMIME\r\n", [501]),
    ("an unknown parameter of MAIL", b"MAIL FROM:<a@foreign.test> WISH=1\r\n", [555]),
    ("an unknown parameter of RCPT", MAIL + b"RCPT TO:<@> WISH=1\r\n", [250, 555]),
    ("SMTPUTF8 with a value", b"MAIL FROM:<a@foreign.test> SMTPUTF8=1\r\n", [501]),
    ("a thousand parameters", b"MAIL FROM:<a@foreign.test> " + b" ".join(b"A%d=1" % number for number in range(1000)) + b"\r\n", [555]),
    # Paths
    ("no brackets", b"MAIL FROM:a@foreign.test\r\n", [501]),
    ("brackets in brackets", b"MAIL FROM:<<a@foreign.test>>\r\n", [501]),
    ("an open bracket", b"MAIL FROM:<a@foreign.test\r\n", [501]),
    ("two senders", b"MAIL FROM:<a@foreign.test><b@foreign.test>\r\n", [501]),
    ("an open quote", b'MAIL FROM:<"a@foreign.test>\r\n', [501]),
    ("a local part of 1,000 octets", MAIL + b"RCPT TO:<" + b"a" * 1000 + b"@demo.test>\r\n", [250, 501]),
    ("no recipient", MAIL + b"RCPT TO:<>\r\n", [250, 501]),
    ("the per cent hack relays nothing", MAIL + b"RCPT TO:<a%elsewhere.test@demo.test>\r\n", [250, 550]),
    ("a bang path relays nothing", MAIL + b"RCPT TO:<elsewhere.test!a@demo.test>\r\n", [250, 550]),
    ("two at signs", MAIL + b"RCPT TO:<a@elsewhere.test@demo.test>\r\n", [250, 501]),
    ("a quoted at sign relays nothing", MAIL + b'RCPT TO:<"a@elsewhere.test"@demo.test>\r\n', [250, 550]),
    ("a source route relays nothing", MAIL + b"RCPT TO:<@demo.test:a@elsewhere.test>\r\n", [250, 550]),
    ("an address literal", MAIL + b"RCPT TO:<a@[127.0.0.1]>\r\n", [250, 550]),
    ("another's domain", MAIL + b"RCPT TO:<a@elsewhere.test>\r\n", [250, 550]),
    # Chunks
    ("BDAT before MAIL is read and refused", b"BDAT 6\r\nRSET\r\n", [503]),
    ("BDAT before RCPT is read and refused", MAIL + b"BDAT 6 LAST\r\nRSET\r\n", [250, 503]),
    ("BDAT when every RCPT was refused", MAIL + b"RCPT TO:<nobody-here@demo.test>\r\nBDAT 6 LAST\r\nRSET\r\n", [250, 550, 554]),
    ("DATA between chunks", MAIL + b"RCPT TO:<@>\r\nBDAT 2\r\n\r\nDATA\r\n", [250, 250, 250, 503]),
    ("RCPT between chunks", MAIL + b"RCPT TO:<@>\r\nBDAT 2\r\n\r\nRCPT TO:<@>\r\n", [250, 250, 250, 503]),
    ("MAIL between chunks", MAIL + b"RCPT TO:<@>\r\nBDAT 2\r\n\r\n" + MAIL, [250, 250, 250, 503]),
    ("BDAT without a size", MAIL + b"RCPT TO:<@>\r\nBDAT\r\n", [250, 250, 501, CLOSED]),
    ("BDAT with a negative size", MAIL + b"RCPT TO:<@>\r\nBDAT -1\r\n", [250, 250, 501, CLOSED]),
    ("BDAT with a size beyond numbers", MAIL + b"RCPT TO:<@>\r\nBDAT 99999999999999999999999 LAST\r\n", [250, 250, 501, CLOSED]),
    ("BDAT with a size beyond us", MAIL + b"RCPT TO:<@>\r\nBDAT 9999999999 LAST\r\n", [250, 250, 552, CLOSED]),
    ("BDAT with more words", MAIL + b"RCPT TO:<@>\r\nBDAT 2 LAST NOW\r\n", [250, 250, 501, CLOSED]),
    ("BDAT in hexadecimal", MAIL + b"RCPT TO:<@>\r\nBDAT 0x2 LAST\r\n", [250, 250, 501, CLOSED]),
    ("a second LAST", MAIL + b"RCPT TO:<@>\r\nBDAT 6 LAST\r\nA: b\r\nBDAT 0 LAST\r\n", [250, 250, 250, 503]),
    ("RSET between chunks", MAIL + b"RCPT TO:<@>\r\nBDAT 6\r\nA: b\r\nRSET\r\nBDAT 0 LAST\r\n", [250, 250, 250, 250, 503]),
    ("a thousand chunks of one octet", MAIL + b"RCPT TO:<@>\r\n" + b"BDAT 1\r\nx" * 1000 + b"RSET\r\n", [250, 250] + [250] * 1000 + [250]),
    ("chunks that are too big together", MAIL + b"RCPT TO:<@>\r\nBDAT 1500000\r\n" + b"x" * 1_500_000 + b"BDAT 1500000\r\n" + b"x" * 1_500_000, [250, 250, 250, 552]),
    # Endless
    ("unknown commands", b"WISH\r\n" * 30, [500] * 20 + [421, CLOSED]),
    ("NOOP without end", b"NOOP\r\n" * 300, [250] * 199 + [421, CLOSED]),
    ("guessing recipients", MAIL + b"".join(b"RCPT TO:<guess%d@demo.test>\r\n" % number for number in range(150)), [250] + [550] * 100 + [421, CLOSED]),
]


@pytest.mark.parametrize("name, sent, expected", TALK, ids=[each[0] for each in TALK])
def test_a_hostile_conversation_has_its_answers_and_leaves_the_server_in_step(server, target, name, sent, expected):
    account = target
    with Line(server.mx) as line:
        line.send(HELLO)
        assert codes(line, 1) == OK
        line.send(sent.replace(b"<@>", b"<%s>" % account.address.encode()).replace(b"VRFY @", b"VRFY " + account.address.encode()))
        assert codes(line, len(expected)) == expected
        if expected[-1] != CLOSED:
            nothing_more(line)


# TLS


def test_what_is_injected_before_tls_is_never_read(server, target):
    with Line(server.mx) as line:
        line.send(HELLO + b"STARTTLS\r\n" + HELLO + MAIL + b"RCPT TO:<%s>\r\n" % target.address.encode())
        assert codes(line, 2) == [250, 220]
        line.socket.settimeout(10)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        line.socket = context.wrap_socket(line.socket)
        line.file = line.socket.makefile("rb")
        assert line.say("RCPT TO:<x@demo.test>")[0] == 503
        assert line.say("MAIL FROM:<a@foreign.test>")[0] == 503, "the greeting in clear is forgotten"
        line.send(HELLO)
        assert codes(line, 1) == OK
        assert line.say("STARTTLS")[0] == 503
        nothing_more(line)


def test_noise_instead_of_a_handshake_ends_the_connection(server):
    for port, before in ((server.submissions, b""), (server.mx, b"EHLO x\r\nSTARTTLS\r\n")):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            if before:
                connection.sendall(before)
                seen = b""
                while b"220 2.0.0" not in seen:
                    seen += connection.recv(4096)
            connection.sendall(b"\x00" * 5000 + b"EHLO x\r\n")
            try:
                while connection.recv(4096):
                    pass
            except ConnectionResetError:
                pass


# Passwords


def plain(user, password):
    return b"AUTH PLAIN " + base64.b64encode(f"\0{user}\0{password}".encode()) + b"\r\n"


@pytest.mark.parametrize("name, sent, expected", [
    ("no base64", b"AUTH PLAIN !!!!\r\n", [501]),
    ("too few fields", b"AUTH PLAIN AGE=\r\n", [501]),
    ("nothing", b"AUTH PLAIN =\r\n", [501]),
    ("for another", b"AUTH PLAIN " + base64.b64encode(b"boss@demo.test\0someone@demo.test\0x") + b"\r\n", [535]),
    ("invalid UTF-8", b"AUTH PLAIN " + base64.b64encode(b"\0\xff\0\xff") + b"\r\n", [501]),
    ("cancelled", b"AUTH LOGIN\r\n*\r\n", [334, 501]),
    ("an unknown mechanism", b"AUTH CRAM-MD5\r\n", [504]),
    ("MAIL without AUTH", MAIL, [530]),
    ("a response of 20,000 octets", b"AUTH PLAIN\r\n" + b"A" * 20_000 + b"\r\n", [334, 500]),
    ("commands as an answer", b"AUTH LOGIN\r\nMAIL FROM:<a@foreign.test>\r\n", [334, 501]),
], ids=lambda value: value if isinstance(value, str) else "")
def test_an_abuse_of_auth_has_its_answers(server, name, sent, expected):
    with Line(server.submission) as line:
        line.send(HELLO)
        assert codes(line, 1) == OK
        line.send(sent)
        assert codes(line, len(expected)) == expected


def test_guessing_passwords_is_slowed_down_and_logged_and_the_owner_still_gets_in(own_server):
    own_server.start()
    person, other = own_server.fresh_account(), own_server.fresh_account()
    answers = []
    for _ in range(8):
        with Line(own_server.submission) as line:
            line.send(HELLO)
            assert codes(line, 1) == OK
            for _ in range(3):
                line.send(plain(person.address, f"guess number {len(answers)}"))
                answers += codes(line, 1)
    assert answers[0] == 535 and 421 in answers, "a connection ends after three"
    assert 454 in answers, "an account that is guessed at has to wait"
    log = own_server.log.read_text(errors="replace")
    assert re.search(rf"log-in refused.*account={person.address}", log) and "throttled" in log and "guess number" not in log
    # The account is guarded, not the whole server: another one may log in, unless the network guessed too often.
    with smtplib.SMTP("127.0.0.1", own_server.submission, timeout=20, source_address=("127.0.9.9", 0)) as client:
        client.login(other.address, other.password)


# Crowds


class Besieged:
    """A server of its own, and how long an honest message takes there in calm."""

    def __init__(self, server):
        self.server, self.mx, self.process, self.log = server, server.mx, server.process, server.log
        self.person = server.fresh_account()
        with self.honest() as honest:
            until(lambda: len(honest.times) >= 15, 30, "messages in calm")
        # The project asks for a second on a machine that has nothing else to do; this one runs other tests beside, on a debug build.
        self.limit = max(4.0, 8 * honest.percentile())
        self.delivered = len(honest.times)

    def honest(self):
        return Honest(self.mx, self.person.address)

    def is_served(self, honest, least=100):
        """At least so many honest messages came, none was refused, and the 99th percentile is within the limit."""
        until(lambda: len(honest.times) >= least, 60, "the honest client's messages")
        print(f"p99 {honest.percentile() * 1000:.0f} ms of {len(honest.times)}, limit {self.limit * 1000:.0f} ms")
        return honest.failures == [] and honest.percentile() < self.limit

    def memory(self):
        return resident(self.process.pid)


@pytest.fixture
def besieged(own_server):
    raise_descriptors()
    own_server.start()
    yield Besieged(own_server)
    own_server.stop(30)


def test_a_thousand_silent_connections_cost_little(besieged):
    with Crowd(besieged.mx) as warm:
        warm.grow(50)
        time.sleep(0.5)
    before = besieged.memory()
    with Crowd(besieged.mx) as crowd:
        crowd.grow(1_000)
        time.sleep(2)
        grown = besieged.memory() - before
        print(f"1,000 silent connections: {grown / 1e6:.1f} MB")
        assert grown <= 60_000_000


def test_ten_thousand_connections_that_say_nothing_keep_nobody_out(besieged):
    before, files = besieged.memory(), descriptors(besieged.process.pid)
    with Crowd(besieged.mx) as crowd, besieged.honest() as honest:
        crowd.grow(10_000)
        assert besieged.is_served(honest)
        grown = besieged.memory() - before
        # Asked of the server: a client cannot tell a connection that is held from one that still knocks at a full queue.
        held = descriptors(besieged.process.pid) - files
    print(f"10,000 silent connections: {grown / 1e6:.1f} MB, {held} held")
    assert grown <= 120_000_000
    assert held <= 1_050, "the limit of connections, and a few files of deliveries"
    assert re.search(r"connections refused.*too many", besieged.log.read_text())
    assert besieged.log.read_text().count("connections refused") < 50, "a flood of clients is no flood of lines"


def test_a_thousand_new_connections_a_second_keep_nobody_out(besieged):
    with Crowd(besieged.mx) as crowd, besieged.honest() as honest:
        started = time.monotonic()
        for _ in range(8):
            crowd.grow(1_000, rate=1_000)
        rate = 8_000 / (time.monotonic() - started)
        print(f"{rate:.0f} connections a second")
        assert besieged.is_served(honest)


def test_those_who_greet_and_fall_silent_make_room(besieged):
    with Crowd(besieged.mx) as crowd:
        crowd.grow(1_000, say=HELLO)
        time.sleep(6)
        with besieged.honest() as honest:
            assert besieged.is_served(honest)


def test_slow_writers_keep_nobody_out(besieged):
    """Four hundred messages that come by the octet, and four hundred commands."""
    transaction = HELLO + MAIL + b"RCPT TO:<%s>\r\nDATA\r\n" % besieged.person.address.encode()
    with Crowd(besieged.mx) as crowd, besieged.honest() as honest:
        crowd.grow(400, say=transaction)
        crowd.grow(400)
        for letter in b"EHLO slow.foreign.test":
            for each in crowd.sockets:
                crowd.send(each, bytes([letter]))
            time.sleep(0.2)
        assert besieged.is_served(honest)
        assert crowd.open() == 800, "slow is not forbidden while there is room"
    assert besieged.person.jmap.find("Honest 0")


def test_slow_readers_hold_no_memory(besieged):
    """They ask for much and read nothing."""
    before = besieged.memory()
    with Crowd(besieged.mx) as crowd, besieged.honest() as honest:
        crowd.grow(300, say=HELLO)
        for _ in range(40):
            for each in crowd.sockets:
                crowd.send(each, b"HELP\r\n" * 500)
        assert besieged.is_served(honest)
        grown = besieged.memory() - before
    print(f"300 slow readers: {grown / 1e6:.1f} MB")
    assert grown <= 100_000_000


def test_lines_without_end_hold_no_memory(besieged):
    before = besieged.memory()
    with Crowd(besieged.mx) as crowd, besieged.honest() as honest:
        crowd.grow(50, say=HELLO)
        for _ in range(60):
            for each in crowd.sockets:
                crowd.send(each, b"N" * 65_536)
        assert besieged.is_served(honest)
        grown = besieged.memory() - before
    print(f"50 lines without end: {grown / 1e6:.1f} MB")
    assert grown <= 60_000_000


def test_messages_without_end_are_cut_off(besieged):
    transaction = HELLO + MAIL + b"RCPT TO:<%s>\r\nDATA\r\n" % besieged.person.address.encode()
    before = besieged.memory()
    with Line(besieged.mx) as line:
        line.send(transaction)
        assert codes(line, 4) == [250, 250, 250, 354]
        try:
            for _ in range(400):
                line.send((b"y" * 998 + b"\r\n") * 64)
        except OSError:
            pass
        else:
            pytest.fail("25 MB were taken of a message of 2 MB")
    assert besieged.memory() - before <= 20_000_000
    assert len(besieged.person.jmap.in_role("inbox")) == besieged.delivered


def test_a_hundred_thousand_recipients_are_not_taken(besieged):
    before = besieged.memory()
    taken = 0
    with Line(besieged.mx) as line, besieged.honest() as honest:
        line.send(HELLO + MAIL)
        assert codes(line, 2) == [250, 250]
        for batch in range(1_000):
            try:
                line.send(b"".join(b"RCPT TO:<%s+%d@demo.test>\r\n" % (besieged.person.local.encode(), batch * 100 + number) for number in range(100)))
                answers = codes(line, 100)
            except OSError:
                break
            taken += answers.count(250)
            if CLOSED in answers:
                assert 421 in answers
                break
        assert besieged.is_served(honest)
    assert taken == 1_000
    assert besieged.memory() - before <= 30_000_000


# Ends


def test_those_who_are_connected_at_the_end_are_told(own_server):
    own_server.start()
    with Line(own_server.mx) as idle, Line(own_server.mx) as busy, Line(own_server.lmtp) as lmtp:
        idle.send(HELLO)
        busy.send(HELLO + MAIL)
        lmtp.send(b"LHLO x\r\n")
        assert (codes(idle, 1), codes(busy, 2), codes(lmtp, 1)) == ([250], [250, 250], [250])
        own_server.stop()
        for line in (idle, busy, lmtp):
            assert codes(line, 2) == [421, CLOSED]


def test_who_closes_one_side_behind_quit_still_gets_all_answers(server, target):
    """Exim does, and would send again what it got no answer for."""
    content = message("Half closed")
    recipient = b"RCPT TO:<%s>\r\n" % target.address.encode()
    for port, hello in ((server.mx, HELLO), (server.lmtp, b"LHLO x\r\n")):
        with Line(port) as line:
            line.send(hello + MAIL + recipient + b"BDAT %d LAST\r\n" % len(content) + content + b"QUIT\r\n")
            line.socket.shutdown(socket.SHUT_WR)
            assert codes(line, 6) == [250, 250, 250, 250, 221, CLOSED]
    with Line(server.mx) as line:
        line.send(HELLO + MAIL + recipient + b"DATA\r\n")
        assert codes(line, 4) == [250, 250, 250, 354]
        line.send(content + b".\r\nQUIT\r\n")
        line.socket.shutdown(socket.SHUT_WR)
        assert codes(line, 3) == [250, 221, CLOSED]
    assert len(target.jmap.find("Half closed")) == 3
    with Line(server.mx) as line:
        line.send(HELLO + MAIL + recipient + b"DATA\r\n")
        assert codes(line, 4) == [250, 250, 250, 354]
        line.send(content)
        line.socket.shutdown(socket.SHUT_WR)
        assert codes(line, 1) == [CLOSED], "half a message is none"
    assert len(target.jmap.find("Half closed")) == 3


# Who may speak for others


def test_a_proxy_header_counts_from_a_trusted_address_alone(own_server):
    own_server.config.write_text(own_server.config.read_text().replace("[http]\n", '[http]\ntrusted_proxies = ["127.0.0.77"]\n'))
    own_server.start()
    person = own_server.fresh_account()
    for source, header, shown in (
        ("127.0.0.77", b"PROXY TCP4 192.0.2.55 192.0.2.1 1234 25\r\n", b"[192.0.2.55]"),
        ("127.0.0.77", b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x38\xc0\x00\x02\x01\x12\x34\x00\x19", b"[192.0.2.56]"),
        ("127.0.0.77", b"", b"[127.0.0.77]"),
    ):
        connection = socket.create_connection(("127.0.0.1", own_server.mx), timeout=20, source_address=(source, 0))
        connection.sendall(header)
        with Line.over(connection) as line:
            assert codes(line, 1) == [220]
            line.send(HELLO + MAIL + b"RCPT TO:<%s>\r\nDATA\r\n" % person.address.encode())
            assert codes(line, 4) == [250, 250, 250, 354]
            line.send(message(f"By {shown}") + b".\r\n")
            assert codes(line, 1) == OK
        content = person.jmap.download(person.jmap.find(f"By {shown}")[0]["blobId"])
        assert shown in re.search(rb"(?m)^Received: [^\r]*", content).group(0)
    with Line(own_server.mx) as line:
        assert line.say("PROXY TCP4 192.0.2.55 192.0.2.1 1234 25")[0] == 500


def test_lmtp_takes_xforward_from_this_machine_and_the_mx_does_not(own_server):
    own_server.start()
    person = own_server.fresh_account()
    with Line(own_server.lmtp) as line:
        code, words = line.say("LHLO front.test")
        assert code == 250 and any(each.startswith(b"XFORWARD ") for each in words)
        assert line.say("XFORWARD NAME=spike.foreign.test ADDR=192.0.2.9 HELO=spike PROTO=ESMTP SOURCE=REMOTE")[0] == 250
        line.send(MAIL + b"RCPT TO:<%s>\r\nDATA\r\n" % person.address.encode())
        assert codes(line, 3) == [250, 250, 354]
        line.send(message("Forwarded") + b".\r\n")
        assert codes(line, 1) == OK
    assert re.search(r"message accepted.*client=192\.0\.2\.9", own_server.log.read_text())
    with Line(own_server.mx) as line:
        code, words = line.say("EHLO front.test")
        assert code == 250 and not any(each.startswith(b"XFORWARD") for each in words)


def test_a_message_that_begins_with_a_blank_does_not_run_into_our_trace(server, target):
    with Line(server.mx) as line:
        line.send(HELLO + MAIL + b"RCPT TO:<%s>\r\nDATA\r\n" % target.address.encode())
        assert codes(line, 4) == [250, 250, 250, 354]
        before = set(target.jmap.in_role("inbox"))
        line.send(b" (forged by evil)\r\nSubject: Blank\r\n\r\nText\r\n.\r\n")
        assert codes(line, 1) == OK
    new = (set(target.jmap.in_role("inbox")) - before).pop()
    content = target.jmap.download(target.jmap.emails([new], "blobId")[0]["blobId"])
    assert b"\r\nX-Stray-Line: the message began with\r\n (forged by evil)\r\nSubject: Blank\r\n" in content
    assert target.jmap.emails([new], "subject")[0]["subject"] == "Blank"


def test_the_set_is_written_down():
    text = (ROOT / "docs/adversarial-smtp.md").read_text()
    for name, *_ in ENDS + TALK:
        assert f"| {name} |" in text, name
