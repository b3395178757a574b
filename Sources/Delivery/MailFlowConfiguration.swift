package import Directory
package import NIOSSL

/// The certificate in use, asked for once a connection, so that a new one is taken up without a restart.
package struct TLSSource: Sendable {
    package let context: @Sendable () -> NIOSSLContext?

    package init(_ context: @escaping @Sendable () -> NIOSSLContext?) { self.context = context }

    /// No TLS at all.
    package static let none = TLSSource { nil }
}

/// All that mail in and out must be told at start: the boot configuration, as values.
package struct MailFlowConfiguration: Sendable {
    /// Our name in greetings and trace fields.
    package var hostname: String
    /// The data directory; `outbox/` lies in it.
    package var data: String
    package var mx: [ListenAddress] = []
    package var submission: [ListenAddress] = []
    package var submissions: [ListenAddress] = []
    package var lmtp: [ListenAddress] = []
    /// Where a mail server in front asks about recipients.
    package var socketmap: [ListenAddress] = []
    /// Whose PROXY header and XFORWARD count, besides XFORWARD by LMTP from this machine.
    package var trustedProxies: [ClientNetwork] = []
    /// Octets.
    package var maximumMessageSize = 50_000_000
    package var smartHost: HostPort?
    /// Port of MX hosts.
    package var outboundPort = 25
    /// Port of the web servers that say MTA-STS policies.
    package var policyPort = 443
    /// A PEM file of authorities that count beside the system's, where certificates count; empty for none.
    package var trustedCertificates = ""
    /// Name servers as IP addresses; empty for the system's.
    package var dnsServers: [String] = []
    /// DS or DNSKEY records that DNSSEC is proven by; empty for no DNSSEC.
    package var trustAnchors = UnboundResolver.rootAnchors
    /// Path of a zone file that is asked first; empty for none.
    package var dnsRecords = ""
    /// Open connections of each listener, and of one client network to it.
    package var maximumConnections = 1000
    package var maximumConnectionsPerNetwork = 50
    /// Transactions that go out at the same time, together and to one destination.
    package var maximumDeliveries = 200
    package var maximumDeliveriesPerDestination = 8
    package var timeouts = WireTimeouts()
    /// rspamd's address for scanning, `http://host:port`; empty for no scanner.
    package var rspamd = ""
    /// rspamd's controller, for learning; empty for none.
    package var rspamdController = ""
    /// What becomes of mail while rspamd does not answer: it comes in unscored, or is deferred.
    package var acceptsWithoutRspamd = true
    /// Seconds that greylisting waits; tests cannot wait five minutes.
    package var greylistWait: Int64 = 300

    package init(hostname: String, data: String) {
        self.hostname = hostname
        self.data = data
    }
}
