/// Counts failed log-ins per key (an account, a client network), and says how long the next one must wait.
///
/// A value over a clock of the caller's, in seconds. The first failures are free; then the delay doubles. Attempts are
/// counted before their outcome is known, so that many at once gain nothing.
struct LogInThrottle: Sendable {
    struct Rule: Sendable {
        let freeFailures: Int
        let maximumDelay: Double
    }

    /// Seconds after which a failure counts no more.
    private static let memory = 3600.0

    private struct Entry {
        var failures: Int
        var blockedUntil: Double
        var lastFailure: Double
    }

    let rule: Rule
    private let capacity: Int
    private var entries: [String: Entry] = [:]

    /// - Parameter capacity: how many keys are remembered; the one that failed longest ago is forgotten first
    init(rule: Rule, capacity: Int = 20_000) {
        self.rule = rule
        self.capacity = capacity
    }

    /// Seconds that the key must still wait; nil when it may try now.
    func delay(for key: String, now: Double) -> Double? {
        guard let entry = entries[key], entry.blockedUntil > now else { return nil }
        return entry.blockedUntil - now
    }

    /// Counts an attempt as failed. `forgive` takes it back when it succeeds.
    mutating func countFailure(of key: String, now: Double) {
        makeRoom(for: key, now: now)
        var entry = entries[key] ?? Entry(failures: 0, blockedUntil: 0, lastFailure: now)
        if entry.lastFailure < now - Self.memory, entry.blockedUntil < now { entry.failures = 0 }
        entry.failures += 1
        entry.lastFailure = now
        let excess = entry.failures - rule.freeFailures
        if excess >= 0 {
            entry.blockedUntil = now + min(rule.maximumDelay, Double(1 << min(excess, 20)))
        }
        entries[key] = entry
    }

    /// The attempt was right after all. An account starts afresh (`entirely`); a network only gets this one attempt back,
    /// since one known password must not clear the way to guess others.
    mutating func forgive(_ key: String, entirely: Bool) {
        guard var entry = entries[key] else { return }
        entry.failures -= 1
        if entirely || entry.failures <= 0 {
            entries[key] = nil
        } else {
            if entry.failures < rule.freeFailures { entry.blockedUntil = 0 }
            entries[key] = entry
        }
    }

    private mutating func makeRoom(for key: String, now: Double) {
        guard entries.count >= capacity, entries[key] == nil else { return }
        entries = entries.filter { $0.value.lastFailure > now - Self.memory || $0.value.blockedUntil > now }
        guard entries.count >= capacity else { return }
        let byAge = entries.sorted { $0.value.lastFailure < $1.value.lastFailure }
        for (key, _) in byAge.prefix(capacity / 10) { entries[key] = nil }
    }
}
