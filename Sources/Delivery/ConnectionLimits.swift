internal import Synchronization

/// Counts the open connections of one listener, together and by client network.
final class ConnectionLimits: Sendable {
    private struct Counts {
        var total = 0
        var byNetwork: [String: Int] = [:]
    }

    private let maximum: Int
    private let maximumPerNetwork: Int
    private let counts = Mutex(Counts())

    init(maximum: Int, perNetwork: Int) {
        self.maximum = maximum
        maximumPerNetwork = perNetwork
    }

    /// Takes a place; false when there is none. `network` nil (this machine, a unix socket) counts only in the total.
    func enter(_ network: String?) -> Bool {
        counts.withLock { counts in
            guard counts.total < maximum else { return false }
            if let network {
                guard counts.byNetwork[network, default: 0] < maximumPerNetwork else { return false }
                counts.byNetwork[network, default: 0] += 1
            }
            counts.total += 1
            return true
        }
    }

    func leave(_ network: String?) {
        counts.withLock { counts in
            counts.total -= 1
            guard let network, let count = counts.byNetwork[network] else { return }
            counts.byNetwork[network] = count > 1 ? count - 1 : nil
        }
    }
}
