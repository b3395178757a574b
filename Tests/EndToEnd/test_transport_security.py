"""TLS on the way out: opportunistic, by MTA-STS, by DANE. Nothing goes in clear, or to a stranger, where that is forbidden."""

import itertools

import pytest

from portal.peers import Authority, PolicyServer, RudeServer, SecureServer
from portal.server import Server
from portal.waiting import free_ports, until
from test_mail_out import compose

# Each destination has a host and an address of its own.
HOSTS = {
    "ee": "127.0.1.1", "wrong": "127.0.1.2", "ta": "127.0.1.3", "othername": "127.0.1.4", "clear": "127.0.1.5",
    "sts": "127.0.2.1", "stsbad": "127.0.2.2", "stsalien": "127.0.2.3", "ststest": "127.0.2.4", "stsclear": "127.0.2.5",
    "broken": "127.0.3.1", "plain": "127.0.3.2",
}


class Network:
    """A server of ours, with servers, policies and DNS around it."""

    def __init__(self, folder):
        self.numbers = itertools.count(1)
        self.authority = Authority(folder / "ca")
        web_port = free_ports(1)[0]
        self.server = Server(folder)
        out = self.server.outbound
        certificates = {name: self.authority.issue(f"mx.{name}.test") for name in ("ee", "ta", "sts", "ststest")}
        stranger = Authority(folder / "stranger")
        alien = {name: stranger.issue(f"mx.{name}.test") for name in ("wrong", "stsbad", "ststest", "stsalien")}
        other = self.authority.issue("mx.elsewhere.test")
        ca = self.authority
        records = [f"{name}.test. MX 10 mx.{name}.test.\nmx.{name}.test. A {address}" for name, address in HOSTS.items()]
        records += [
            "$SECURE ee.test.", "$SECURE wrong.test.", "$SECURE ta.test.", "$SECURE othername.test.", "$SECURE clear.test.",
            f"_{out}._tcp.mx.ee.test. TLSA 3 1 1 {ca.digest(certificates['ee'][0], 1)}",
            f"_{out}._tcp.mx.wrong.test. TLSA 3 1 1 {ca.digest(certificates['ee'][0], 1)}",
            f"_{out}._tcp.mx.ta.test. TLSA 2 0 1 {ca.digest(ca.certificate, 0)}",
            f"_{out}._tcp.mx.othername.test. TLSA 2 0 1 {ca.digest(ca.certificate, 0)}",
            f"_{out}._tcp.mx.clear.test. TLSA 3 1 1 {ca.digest(certificates['ee'][0], 1)}",
        ]
        for name in HOSTS:
            if name.startswith("sts"):
                records.append(f'_mta-sts.{name}.test. TXT "v=STSv1; id=1"\nmta-sts.{name}.test. A 127.0.0.1')
        self.server.records.write_text("\n".join(records) + "\n")
        self.server.config.write_text(self.server.config.read_text().replace(
            "[outbound]", f'[outbound]\nmta_sts_port = {web_port}\nauthorities = "{ca.certificate}"'))
        # One certificate for all policy hosts.
        names = ",".join(f"DNS:mta-sts.{name}.test" for name in HOSTS)
        self.policies = PolicyServer(web_port, ca.issue("mta-sts.test", names))
        for name, mode, host in (
            ("sts", "enforce", "mx.sts.test"), ("stsbad", "enforce", "*.stsbad.test"), ("stsalien", "enforce", "mail.example.test"),
            ("ststest", "testing", "mx.ststest.test"), ("stsclear", "enforce", "mx.stsclear.test"),
        ):
            self.policies.policies[f"mta-sts.{name}.test"] = f"version: STSv1\r\nmode: {mode}\r\nmx: {host}\r\nmax_age: 86400\r\n"
        chosen = {
            "ee": certificates["ee"], "wrong": alien["wrong"], "ta": certificates["ta"], "othername": other, "clear": None,
            "sts": certificates["sts"], "stsbad": alien["stsbad"], "stsalien": alien["stsalien"], "ststest": alien["ststest"],
            "stsclear": None, "plain": None,
        }
        self.peers = {name: SecureServer(HOSTS[name], out, certificate).start() for name, certificate in chosen.items()}
        self.broken = RudeServer(HOSTS["broken"], out, breaks_tls)
        self.server.run("domain", "add", "demo.test", "--verified")
        self.server.start()
        self.account = self.server.fresh_account()

    def stop(self):
        self.server.stop()
        self.policies.stop()
        self.broken.stop()
        for peer in self.peers.values():
            peer.stop()

    def send(self, name):
        recipient = f"pen{next(self.numbers)}@{name}.test"
        compose(self.account.jmap, self.account.address, [recipient], f"To {name}")
        return recipient

    def arrives(self, name):
        """Sends, and says whether it came under TLS."""
        recipient = self.send(name)
        return until(lambda: self.peers[name].to(recipient), 20, f"the arrival at {name}")[0]

    def waits(self, name):
        """Sends, sees it deferred, and that nothing came; returns what the queue says."""
        recipient = self.send(name)

        def deferred():
            for entry in self.server.json("queue", "list"):
                for each in entry["recipients"]:
                    if each["address"] == recipient and each["attempts"] > 0:
                        return each["reply"]
            return None

        reply = until(deferred, 20, f"the deferral of {name}")
        assert self.peers[name].to(recipient) == []
        return reply


def breaks_tls(talk):
    """Offers STARTTLS and answers the handshake with nonsense; takes mail in clear."""
    talk.say("220 rude.test")
    recipients = []
    while True:
        line = talk.hear()
        verb = line[:4].upper()
        if verb == "EHLO":
            talk.say("250-rude.test\r\n250 STARTTLS")
        elif verb == "STAR":
            talk.say("220 Go")
            talk.client.sendall(b"this is no TLS\r\n" * 20)
            return
        elif verb == "DATA":
            talk.take(recipients)
        elif verb == "QUIT":
            talk.say("221 Bye")
            return
        else:
            if verb == "RCPT":
                recipients.append(line)
            talk.say("250 OK")


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    network = Network(tmp_path_factory.mktemp("tls"))
    yield network
    network.stop()


def test_without_a_policy_tls_is_used_where_it_works(network):
    assert network.arrives("plain") is False
    network.send("broken")
    until(lambda: network.broken.messages, 20, "the arrival in clear")
    assert len(network.broken.messages) == 1


def test_dane_takes_the_certificate_that_the_dns_names(network):
    assert network.arrives("ee") is True
    assert network.arrives("ta") is True


def test_dane_refuses_every_other(network):
    assert "cannot be trusted" in network.waits("wrong")
    assert "cannot be trusted" in network.waits("othername")


def test_dane_never_falls_back_to_clear_text(network):
    assert "TLS is required" in network.waits("clear")


def test_an_enforced_policy_wants_a_certificate_of_an_authority(network):
    assert network.arrives("sts") is True
    assert "cannot be trusted" in network.waits("stsbad")
    assert "TLS is required" in network.waits("stsclear")


def test_an_enforced_policy_wants_its_own_servers(network):
    assert "MTA-STS" in network.waits("stsalien")


def test_a_policy_in_test_hinders_nothing(network):
    assert network.arrives("ststest") is True


def test_a_policy_outlives_its_web_server_and_ours(network):
    assert network.arrives("sts") is True
    asked = network.policies.asked
    network.policies.policies.clear()
    # The DNS announces another policy, which nobody serves: the old one holds.
    text = network.server.records.read_text().replace('id=1"', 'id=2"')
    network.server.records.write_text(text)
    network.server.stop()
    network.server.start()
    assert "cannot be trusted" in network.waits("stsbad")
    assert network.policies.asked > asked
