package import Disk
import FoundationEssentials

/// What an account has to remember for a while, so as not to do it twice: a sidecar each, bounded. Of a key only a hash is kept.
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
    /// What is remembered now.
    package nonisolated func remembered(_ memory: Memory, now: UnixTime = .now) async throws(StoreError) -> Remembered {
        let sidecars = sidecars
        return try await DiskExecutor.offload { () throws(StoreError) in
            let sidecar = try sidecars.load(MemorySidecar.self, memory.rawValue) ?? MemorySidecar()
            return Remembered(keys: Set(sidecar.until.filter { $0.value > now.seconds }.keys))
        }
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
            let key = Remembered.hash(key)
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
}

/// What an account remembered at one moment: hashes of keys.
package struct Remembered: Sendable {
    fileprivate let keys: Set<String>

    package func contains(_ key: String) -> Bool { keys.contains(Remembered.hash(key)) }

    fileprivate static func hash(_ key: String) -> String { Base32.encode(StableHash.of("memory", key)) }
}
