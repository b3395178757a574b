/// A valid script, ready to run: RFC 5228 and its extensions.
package struct SieveScript: Sendable {
    /// The extensions that the script requires.
    package let requires: Set<String>

    /// Every extension that can be required, sorted: what JMAP tells as `sieveExtensions`.
    package static let extensions: [String] = [
        "body", "comparator-i;ascii-casemap", "comparator-i;ascii-numeric", "comparator-i;octet", "copy", "date", "duplicate",
        "editheader", "encoded-character", "envelope", "environment", "ereject", "fileinto", "ihave", "imap4flags", "index",
        "mailbox", "regex", "reject", "relational", "special-use", "subaddress", "vacation", "vacation-seconds", "variables",
    ]

    /// Redirects that a script may ask for: JMAP's `maxNumberRedirects`.
    package static let maximumRedirects = SieveLimits.standard.redirects

    /// Parses and checks the whole script.
    package init(parsing bytes: some Sequence<UInt8>, limits: SieveLimits = .standard) throws(SieveError) {
        requires = []
    }

    /// Judges a message. Never fails: an error at run time is told in the result, which then keeps the message.
    package func run(on message: SieveMessage, in environment: SieveEnvironment) -> SieveResult {
        SieveResult(actions: [.keep(.init(isImplicit: true))])
    }
}
