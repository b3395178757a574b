internal import CUnbound
internal import Dispatch
internal import Glibc
internal import Synchronization

/// The DNS by libunbound: recursive or through forwarders, cached, asynchronous.
///
/// Two contexts: one that takes what it is told, for all mail; one that validates by DNSSEC, for what must not be forged. They are
/// apart because a forwarder that knows no DNSSEC would make everything look forged: the second counts only where it can prove the
/// zone that its trust anchor is for.
package final class UnboundResolver: Resolver {
    package struct SetUpFailure: Error, CustomStringConvertible { package let description: String }

    /// The keys of the root zone, of 2017 and 2024, as IANA publishes them.
    package static let rootAnchors = [
        ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
        ". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
    ]
    private static let lifetimeOfProof = Duration.seconds(3600)
    private static let lifetimeOfDoubt = Duration.seconds(300)

    private let plain: UnboundContext
    private let validating: UnboundContext?
    /// The zone of a trust anchor: what can be proven if anything can.
    private let anchor: String
    private let proof = Mutex<(works: Bool, until: ContinuousClock.Instant)?>(nil)

    /// - Parameters:
    ///   - servers: name servers as IP addresses, perhaps with `@port`; empty for the system's
    ///   - trustAnchors: DS or DNSKEY records; without any, nothing is ever secure
    package init(servers: [String], trustAnchors: [String] = UnboundResolver.rootAnchors) throws(SetUpFailure) {
        plain = try UnboundContext(servers: servers, trustAnchors: [])
        validating = trustAnchors.isEmpty ? nil : try UnboundContext(servers: servers, trustAnchors: trustAnchors)
        anchor = trustAnchors.first?.split(separator: " ").first.map(String.init) ?? "."
    }

    package func lookUp(_ name: String, _ type: DNSRecordType) async -> DNSAnswer {
        await plain.resolve(name, type.rawValue, type).answer
    }

    package func lookUpValidated(_ name: String, _ type: DNSRecordType) async -> ValidatedAnswer {
        guard let validating, await validates(validating) else {
            return ValidatedAnswer(await lookUp(name, type), isSecure: false)
        }
        return await validating.resolve(name, type.rawValue, type)
    }

    private func validates(_ context: UnboundContext) async -> Bool {
        if let proof = proof.withLock(\.self), proof.until > .now { return proof.works }
        // DNSKEY
        let works = await context.resolve(anchor, 48, nil).isSecure
        proof.withLock { $0 = (works, .now.advanced(by: works ? Self.lifetimeOfProof : Self.lifetimeOfDoubt)) }
        return works
    }
}

/// One context of libunbound. It belongs to one serial queue: answers come there, and every call is made there.
// @unchecked Sendable: `context` and `source` are touched on `queue` only, or before and after all its work.
private final class UnboundContext: @unchecked Sendable {
    private let context: OpaquePointer
    private let queue = DispatchQueue(label: "dns")
    private let source: any DispatchSourceRead

    init(servers: [String], trustAnchors: [String]) throws(UnboundResolver.SetUpFailure) {
        guard let context = ub_ctx_create() else { throw .init(description: "libunbound has no memory") }
        func check(_ code: Int32) throws(UnboundResolver.SetUpFailure) {
            // EINPROGRESS-like states do not exist here: anything but 0 is final.
            if code != 0 { throw .init(description: String(cString: ub_strerror(code))) }
        }
        do {
            try check(ub_ctx_async(context, 1))  // a thread, not a process
            for anchor in trustAnchors { try check(ub_ctx_add_ta(context, anchor)) }
            if servers.isEmpty {
                try check(ub_ctx_resolvconf(context, nil))
                try check(ub_ctx_hosts(context, nil))
            }
            for server in servers { try check(ub_ctx_set_fwd(context, server)) }
        } catch {
            ub_ctx_delete(context)
            throw error
        }
        self.context = context
        source = DispatchSource.makeReadSource(fileDescriptor: ub_fd(context), queue: queue)
        // The source is cancelled before the context goes, so the address stays good.
        let address = UInt(bitPattern: context)
        source.setEventHandler {
            if let context = OpaquePointer(bitPattern: address) { ub_process(context) }
        }
        source.activate()
    }

    deinit {
        source.cancel()
        let address = UInt(bitPattern: context)
        queue.async { if let context = OpaquePointer(bitPattern: address) { ub_ctx_delete(context) } }
    }

    /// - Parameter type: what to decode the answer's records as; nil when only their being there counts
    func resolve(_ name: String, _ code: UInt16, _ type: DNSRecordType?) async -> ValidatedAnswer {
        let waiter = Waiter(type)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard waiter.wait(continuation) else { return }
                queue.async { [self] in start(name, code, waiter) }
            }
        } onCancel: {
            waiter.give(ValidatedAnswer(.failed("cancelled"), isSecure: false))
        }
    }

    private func start(_ name: String, _ type: UInt16, _ waiter: Waiter) {
        let box = Unmanaged.passRetained(waiter)
        let code = ub_resolve_async(
            context, name, Int32(type), 1, box.toOpaque(),
            { user, error, result in
                guard let user else { return }
                let waiter = Unmanaged<Waiter>.fromOpaque(user).takeRetainedValue()
                defer { ub_resolve_free(result) }
                waiter.resume(error, result)
            }, nil)
        if code != 0 { box.takeRetainedValue().resume(code, nil) }
    }

    /// Who asked, and is told once: by the answer or by being cancelled.
    private final class Waiter: Sendable {
        private enum State {
            case idle
            case waiting(CheckedContinuation<ValidatedAnswer, Never>)
            case answered(ValidatedAnswer)
        }

        private let type: DNSRecordType?
        private let state = Mutex(State.idle)

        init(_ type: DNSRecordType?) { self.type = type }

        /// False when the answer was there already: there is nothing to ask.
        func wait(_ continuation: CheckedContinuation<ValidatedAnswer, Never>) -> Bool {
            let answer = state.withLock { state -> ValidatedAnswer? in
                if case .answered(let answer) = state { return answer }
                state = .waiting(continuation)
                return nil
            }
            guard let answer else { return true }
            continuation.resume(returning: answer)
            return false
        }

        func give(_ answer: ValidatedAnswer) {
            let continuation = state.withLock { state -> CheckedContinuation<ValidatedAnswer, Never>? in
                switch state {
                case .answered: return nil
                case .idle:
                    state = .answered(answer)
                    return nil
                case .waiting(let continuation):
                    state = .answered(answer)
                    return continuation
                }
            }
            continuation?.resume(returning: answer)
        }

        func resume(_ error: Int32, _ result: UnsafeMutablePointer<ub_result>?) {
            guard error == 0, let result = result?.pointee else { 
                return give(ValidatedAnswer(.failed(String(cString: ub_strerror(error))), isSecure: false))
            }
            give(ValidatedAnswer(Self.answer(result, type), isSecure: result.secure != 0))
        }

        private static func answer(_ result: ub_result, _ type: DNSRecordType?) -> DNSAnswer {
            if result.bogus != 0 { return .failed("DNSSEC validation failed") }
            if result.nxdomain != 0 { return .noSuchName }
            guard result.rcode == 0 else { return .failed("server failure \(result.rcode)") }
            guard result.havedata != 0, let type else { return .noData }
            var records: [DNSRecord] = []
            var index = 0
            while let data = result.data[index] {
                let count = Int(result.len[index])
                let bytes = data.withMemoryRebound(to: UInt8.self, capacity: count) {
                    Array(UnsafeBufferPointer(start: $0, count: count))
                }
                if let record = DNSRecord(type, wire: bytes) { records.append(record) }
                index += 1
            }
            return records.isEmpty ? .noData : .records(records)
        }
    }
}

extension DNSRecord {
    /// Decodes a record's data as it stands in an answer, names uncompressed. RFC 1035 §3.3, RFC 3596. Nil when malformed.
    init?(_ type: DNSRecordType, wire bytes: [UInt8]) {
        switch type {
        case .a:
            guard bytes.count == 4, let address = IPAddress(bytes: bytes) else { return nil }
            self = .a(address.description)
        case .aaaa:
            guard bytes.count == 16, let address = IPAddress(bytes: bytes) else { return nil }
            self = .aaaa(address.description)
        case .mx:
            guard bytes.count > 2, let host = Self.name(bytes[2...]) else { return nil }
            self = .mx(preference: Int(bytes[0]) << 8 | Int(bytes[1]), host: host)
        case .cname:
            guard let name = Self.name(bytes[...]) else { return nil }
            self = .cname(name)
        case .ptr:
            guard let name = Self.name(bytes[...]) else { return nil }
            self = .ptr(name)
        case .txt:
            guard let text = Self.strings(bytes) else { return nil }
            self = .txt(text)
        case .tlsa:
            guard bytes.count > 3 else { return nil }
            self = .tlsa(TLSARecord(usage: bytes[0], selector: bytes[1], matching: bytes[2], data: Array(bytes[3...])))
        }
    }

    private static func name(_ bytes: ArraySlice<UInt8>) -> String? {
        var labels: [String] = []
        var rest = bytes
        while let length = rest.popFirst() {
            if length == 0 { return labels.joined(separator: ".").lowercased() }
            guard length < 64, rest.count >= Int(length) else { return nil }
            // What goes into logs and notifications as text must be text; a dot within a label would make it two.
            let label = rest.prefix(Int(length))
            guard label.allSatisfy({ 0x21...0x7E ~= $0 && $0 != 0x2E }) else { return nil }
            labels.append(String(decoding: label, as: UTF8.self))
            rest = rest.dropFirst(Int(length))
        }
        return nil
    }

    private static func strings(_ bytes: [UInt8]) -> [UInt8]? {
        var text: [UInt8] = []
        var rest = bytes[...]
        while let length = rest.popFirst() {
            guard rest.count >= Int(length) else { return nil }
            text += rest.prefix(Int(length))
            rest = rest.dropFirst(Int(length))
        }
        return text
    }
}
