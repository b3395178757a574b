internal import Glibc
internal import NIOCore
internal import Synchronization

/// The addresses of hosts: asked of the DNS, and kept for a few minutes for those who ask at every recipient.
struct HostAddresses: Sendable {
    private struct Known {
        let addresses: [IPAddress]
        let until: ContinuousClock.Instant
    }

    private static let maximumHosts = 1000
    private static let lifetime = Duration.seconds(300)
    private static let lifetimeOfFailure = Duration.seconds(20)

    private let resolver: any Resolver
    private let known = KnownHosts()

    init(_ resolver: any Resolver) { self.resolver = resolver }

    /// The addresses as they were within the last minutes; none where the host has none, or the DNS does not answer.
    func recent(of host: String) async -> [IPAddress] {
        let now = ContinuousClock.now
        if let entry = known.entries.withLock({ $0[host] }), entry.until > now { return entry.addresses }
        let addresses = await Self.lookUp(host, resolver).addresses
        let lifetime = addresses.isEmpty ? Self.lifetimeOfFailure : Self.lifetime
        known.entries.withLock { entries in
            if entries.count >= Self.maximumHosts { entries.removeAll() }
            entries[host] = Known(addresses: addresses, until: now.advanced(by: lifetime))
        }
        return addresses
    }

    /// IPv6 first, then IPv4; with what kept us from knowing, where there is none.
    /// `isSecure` when DNSSEC vouches for all of them.
    static func lookUp(
        _ host: String, _ resolver: any Resolver
    ) async -> (addresses: [IPAddress], isSecure: Bool, failure: String?) {
        if let literal = IPAddress(host) { return ([literal], false, nil) }
        let six = await resolver.lookUpValidated(host, .aaaa)
        let four = await resolver.lookUpValidated(host, .a)
        var addresses: [IPAddress] = []
        for record in six.answer.records + four.answer.records {
            switch record {
            case .a(let text), .aaaa(let text): if let address = IPAddress(text) { addresses.append(address) }
            case .mx, .txt, .cname, .tlsa, .ptr: break
            }
        }
        // RFC 6761 §6.3
        if addresses.isEmpty, host == "localhost" { return (["127.0.0.1", "::1"].compactMap { IPAddress($0) }, false, nil) }
        var failure: String?
        for case .failed(let reason) in [six.answer, four.answer] { failure = reason }
        let isSecure = [six, four].filter { !$0.answer.records.isEmpty }.allSatisfy(\.isSecure)
        return (addresses, isSecure, addresses.isEmpty ? failure : nil)
    }

    private final class KnownHosts: Sendable {
        let entries = Mutex<[String: Known]>([:])
    }
}

/// Where our own MX listens: mail for there would come back to us.
struct OwnEndpoints: Sendable {
    private let listeners: [HostPort]
    /// What a listener on every address listens on.
    private let machine: Set<IPAddress>

    init(_ listeners: [HostPort], machine: Set<IPAddress> = OwnEndpoints.machineAddresses()) {
        self.listeners = listeners
        self.machine = machine
    }

    func contain(_ address: IPAddress, port: Int, host: String) -> Bool {
        listeners.contains { own in
            guard own.port == port else { return false }
            guard let listener = IPAddress(own.host) else { return own.host == host }
            if listener == address { return true }
            return listener.bytes.allSatisfy { $0 == 0 } && (address.isLoopback || machine.contains(address))
        }
    }

    private static func machineAddresses() -> Set<IPAddress> {
        let devices = (try? System.enumerateDevices()) ?? []
        return Set(devices.compactMap { $0.address?.ipAddress.flatMap { IPAddress($0) } })
    }
}
