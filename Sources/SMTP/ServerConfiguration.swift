/// What a `ServerSession` is told about its port and its connection.
package struct ServerConfiguration: Hashable, Sendable {
    /// Whom the port serves.
    package enum Mode: Hashable, Sendable {
        /// Anybody, for our own domains. RFC 5321.
        case mx
        /// Our users, who authenticate. RFC 6409.
        case submission
        /// A mail server in front of us. RFC 2033.
        case lmtp
    }

    /// Where patience ends.
    package struct Limits: Hashable, Sendable {
        /// Octets of a message.
        package var messageSize: Int
        /// Recipients of one message; RFC 5321 §4.5.3.1.8 asks for 100 at least.
        package var recipients = 1000
        /// Refused recipients between two accepted messages.
        package var refusedRecipients = 100
        /// Commands not understood or out of order.
        package var errors = 20
        /// NOOP, RSET and the like between two messages.
        package var idleCommands = 200
        package var authenticationFailures = 3

        package init(messageSize: Int) { self.messageSize = messageSize }
    }

    package var hostname: String
    package var mode: Mode
    package var limits: Limits
    /// There is a certificate for STARTTLS.
    package var offersSTARTTLS: Bool
    /// The connection was TLS from its first octet. RFC 8314.
    package var startsWithTLS: Bool
    /// The client is on this machine: AUTH is allowed in clear.
    package var isLoopback: Bool
    /// The client is a mail server in front of us: its word about its own clients counts (XFORWARD).
    package var isTrustedServer: Bool
    /// Set where submissions may wait. RFC 4865.
    package var futureRelease: FutureRelease?

    /// How long a submission may be held, in seconds, and until when that would be now (RFC 3339).
    package struct FutureRelease: Hashable, Sendable {
        package let seconds: Int64
        package let until: String

        package init(seconds: Int64, until: String) {
            self.seconds = seconds
            self.until = until
        }
    }

    package init(
        hostname: String, mode: Mode, limits: Limits, offersSTARTTLS: Bool = false, startsWithTLS: Bool = false,
        isLoopback: Bool = false, isTrustedServer: Bool = false, futureRelease: FutureRelease? = nil
    ) {
        self.hostname = hostname
        self.mode = mode
        self.limits = limits
        self.offersSTARTTLS = offersSTARTTLS
        self.startsWithTLS = startsWithTLS
        self.isLoopback = isLoopback
        self.isTrustedServer = isTrustedServer
        self.futureRelease = futureRelease
    }
}
