package import Disk
package import Formats

/// At which scores a message is deferred, filed as junk, and rejected (mission §4). They are set together.
package struct SpamThresholds: Hashable, Sendable {
    package let deferAt: Double
    package let junkAt: Double
    package let rejectAt: Double

    /// Throws `.invalid` unless `0 < deferAt < junkAt < rejectAt ≤ 999`.
    package init(deferAt: Double, junkAt: Double, rejectAt: Double) throws(StoreError) {
        guard 0 < deferAt, deferAt < junkAt, junkAt < rejectAt, rejectAt <= 999 else {
            throw .invalid(reason: "thresholds must satisfy 0 < defer < junk < reject ≤ 999")
        }
        self.init(unchecked: deferAt, junkAt, rejectAt)
    }

    private init(unchecked deferAt: Double, _ junkAt: Double, _ rejectAt: Double) {
        self.deferAt = deferAt
        self.junkAt = junkAt
        self.rejectAt = rejectAt
    }

    /// What holds where nobody set anything.
    package static let standard = SpamThresholds(unchecked: 3, 4, 10)
}

/// Whose word a policy is.
package enum PolicySource: Hashable, Sendable, CustomStringConvertible {
    /// Nobody's: the default.
    case standard
    case global
    case domain(DomainName)

    package var description: String {
        switch self {
        case .standard: "standard"
        case .global: "global"
        case .domain(let name): name.ascii
        }
    }
}
