package import Disk
import FoundationEssentials

/// What an account has to remember for a while, so as not to do it twice: a sidecar each, bounded.
package enum Memory: String, Sendable {
    /// Who has been answered by a vacation notice (RFC 5230 §4.2).
    case vacation = "vacation.json"
    /// Which messages were seen by a `duplicate` test (RFC 7352).
    case duplicates = "duplicates.json"

    /// Past it, what would be forgotten first is forgotten at once.
    static let limit = 2000
}

/// The sidecar: the hash of what is remembered → until when, in seconds since 1970.
struct MemorySidecar: Codable {
    var until: [String: Int64] = [:]
}

extension MailAccount {
    /// Whether the key is remembered. Of the key itself only a hash is kept.
    package func remembers(_ key: String, in memory: Memory, now: UnixTime = .now) throws(StoreError) -> Bool {
        let until = try sidecars.load(MemorySidecar.self, memory.rawValue)?.until[MailAccount.memoryKey(key)]
        return until.map { $0 > now.seconds } ?? false
    }

    /// Remembers the key until then; durable when it returns.
    ///
    /// - Parameter renewing: whether a key that is remembered already is so for longer now.
    /// - Returns: whether it was not remembered before. Of two who ask at the same time, one hears yes.
    package func remember(
        _ key: String, until: UnixTime, in memory: Memory, renewing: Bool = true, now: UnixTime = .now
    ) throws(StoreError) -> Bool {
        try lock.withLock { () throws(StoreError) -> Bool in
            var sidecar = try sidecars.load(MemorySidecar.self, memory.rawValue) ?? MemorySidecar()
            sidecar.until = sidecar.until.filter { $0.value > now.seconds }
            let key = MailAccount.memoryKey(key)
            let isNew = sidecar.until[key] == nil
            guard isNew || renewing else { return false }
            sidecar.until[key] = until.seconds
            while sidecar.until.count > Memory.limit, let first = sidecar.until.min(by: { $0.value < $1.value }) {
                sidecar.until[first.key] = nil
            }
            try sidecars.save(sidecar, memory.rawValue)
            return isNew
        }
    }

    private static func memoryKey(_ key: String) -> String { Base32.encode(StableHash.of("memory", key)) }
}
