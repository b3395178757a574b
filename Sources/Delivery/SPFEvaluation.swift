internal import Directory
internal import Formats

/// One evaluation of SPF: `check_host()` of RFC 7208 §4, over answers of a resolver.
///
/// Bounded as the RFC asks: ten terms that look up, two look-ups that find nothing, ten hosts of an MX, ten names of a client.
struct SPFEvaluation {
    private static let maximumTerms = 10
    private static let maximumVoids = 2
    private static let maximumNames = 10

    /// Who asks, and for whom.
    struct Question {
        let client: ClientAddress
        /// The envelope sender's, or `postmaster` at the greeting's name for a null sender. RFC 7208 §2.4.
        let localPart: String
        let domain: String
        let greeting: String
    }

    private enum Stop: Error {
        case temperror(String)
        case permerror(String)
    }

    private let question: Question
    private let resolver: any Resolver
    private var terms = 0
    private var voids = 0
    /// The client's names that lead back to it; nil until asked for.
    private var names: [String]?

    private init(_ question: Question, _ resolver: any Resolver) {
        self.question = question
        self.resolver = resolver
    }

    /// The result, and in words what went wrong when it is an error.
    static func check(_ question: Question, _ resolver: any Resolver) async -> (result: SPFResult, problem: String?) {
        var evaluation = SPFEvaluation(question, resolver)
        do throws(Stop) {
            return (try await evaluation.host(question.domain, isFirst: true), nil)
        } catch {
            switch error {
            case .temperror(let reason): return (.temperror, reason)
            case .permerror(let reason): return (.permerror, reason)
            }
        }
    }

    // MARK: Records

    private mutating func host(_ domain: String, isFirst: Bool = false) async throws(Stop) -> SPFResult {
        guard Self.isName(domain), !isFirst || domain.contains(".") else { return .none }
        guard let record = try await record(of: domain) else { return .none }
        for directive in record.directives where try await matches(directive.mechanism, domain) { return directive.result }
        guard let redirect = record.redirect else { return .neutral }
        try count()
        let target = try await expand(redirect, domain)
        let result = try await host(target)
        guard result != .none else { throw .permerror("redirect to \(target), which has no policy") }
        return result
    }

    private mutating func record(of domain: String) async throws(Stop) -> SPFRecord? {
        var policies: [[UInt8]] = []
        for case .txt(let bytes) in try await records(domain, .txt) where SPFRecord.isPolicy(bytes) { policies.append(bytes) }
        guard let policy = policies.first else { return nil }
        guard policies.count == 1 else { throw .permerror("\(domain) has more than one policy") }
        guard let record = SPFRecord(policy) else { throw .permerror("the policy of \(domain) is malformed") }
        return record
    }

    // MARK: Mechanisms

    private mutating func matches(_ mechanism: SPFRecord.Mechanism, _ domain: String) async throws(Stop) -> Bool {
        switch mechanism {
        case .all: return true
        case .network(let bytes, let prefix): return isWithin(bytes, prefix)
        case .include(let target):
            try count()
            return try await include(try await expand(target, domain))
        case .a(let target, let prefixes):
            try count()
            let name = try await expand(target, domain)
            return isWithin(try await counted(name, addressType).compactMap(\.address), prefixes)
        case .mx(let target, let prefixes):
            try count()
            return try await matchesExchanger(try await expand(target, domain), prefixes)
        case .ptr(let target):
            try count()
            let name = try await expand(target, domain)
            return await clientNames().contains { Self.isWithin($0, name) }
        case .exists(let target):
            try count()
            return try await !counted(try await expand(target, domain), .a).isEmpty
        }
    }

    // RFC 7208 §5.2
    private mutating func include(_ domain: String) async throws(Stop) -> Bool {
        switch try await host(domain) {
        case .pass: return true
        case .fail, .softfail, .neutral: return false
        case .temperror: throw .temperror("include of \(domain)")
        case .permerror, .none: throw .permerror("include of \(domain), which has no policy")
        }
    }

    // RFC 7208 §5.4
    private mutating func matchesExchanger(_ domain: String, _ prefixes: SPFRecord.Prefixes) async throws(Stop) -> Bool {
        var hosts: [String] = []
        for case .mx(_, let host) in try await counted(domain, .mx) where !host.isEmpty { hosts.append(host) }
        guard hosts.count <= Self.maximumNames else { throw .permerror("\(domain) has too many MX hosts") }
        // A host without an address of the client's kind is common, and no void look-up of the policy's.
        for host in hosts where isWithin(try await records(host, addressType).compactMap(\.address), prefixes) { return true }
        return false
    }

    private var addressType: DNSRecordType { question.client.bytes.count == 4 ? .a : .aaaa }

    private func isWithin(_ addresses: [IPAddress], _ prefixes: SPFRecord.Prefixes) -> Bool {
        addresses.contains { isWithin($0.bytes, $0.isIPv4 ? prefixes.four : prefixes.six) }
    }

    private func isWithin(_ network: [UInt8], _ prefix: Int) -> Bool {
        let client = question.client.bytes
        guard client.count == network.count else { return false }
        return (0..<prefix).allSatisfy { bit in
            let mask = UInt8(0x80) >> UInt8(bit % 8)
            return client[bit / 8] & mask == network[bit / 8] & mask
        }
    }

    // MARK: The client's names

    /// RFC 7208 §5.5: what fails here does not match, and is no error.
    private mutating func clientNames() async -> [String] {
        if let names { return names }
        var valid: [String] = []
        for record in await resolver.lookUp(question.client.reverseName, .ptr).records.prefix(Self.maximumNames) {
            guard case .ptr(let name) = record, Self.isName(name) else { continue }
            let addresses = await resolver.lookUp(name, addressType).records.compactMap(\.address)
            if addresses.contains(where: { $0.bytes == question.client.bytes }) { valid.append(name) }
        }
        names = valid
        return valid
    }

    private static func isWithin(_ name: String, _ domain: String) -> Bool {
        let domain = domain.lowercased()
        return name == domain || name.hasSuffix("." + domain)
    }

    // MARK: Names and look-ups

    private mutating func expand(_ string: SPFMacroString?, _ domain: String) async throws(Stop) -> String {
        guard let string else { return domain }
        let isIPv4 = question.client.bytes.count == 4
        var values = SPFMacroString.Values(
            sender: "\(question.localPart)@\(question.domain)", localPart: question.localPart,
            senderDomain: question.domain, domain: domain,
            address: isIPv4 ? question.client.description : question.client.nibbles.joined(separator: "."),
            reverseZone: isIPv4 ? "in-addr" : "ip6", greeting: question.greeting)
        if string.usesName {
            let names = await clientNames()
            values.name = names.first { $0 == domain } ?? names.first { Self.isWithin($0, domain) } ?? names.first ?? "unknown"
        }
        var name = string.expanded(values)[...]
        if name.hasSuffix(".") { name = name.dropLast() }
        // RFC 7208 §7.3: labels are dropped from the left until it fits.
        while name.utf8.count > 253, let dot = name.firstIndex(of: ".") { name = name[name.index(after: dot)...] }
        return String(name)
    }

    private mutating func count() throws(Stop) {
        terms += 1
        guard terms <= Self.maximumTerms else { throw .permerror("too many DNS look-ups") }
    }

    /// Records of a term's look-up; one that finds nothing counts. RFC 7208 §4.6.4.
    private mutating func counted(_ name: String, _ type: DNSRecordType) async throws(Stop) -> [DNSRecord] {
        let found = try await records(name, type)
        guard found.isEmpty else { return found }
        voids += 1
        guard voids <= Self.maximumVoids else { throw .permerror("too many DNS look-ups that find nothing") }
        return []
    }

    private func records(_ name: String, _ type: DNSRecordType) async throws(Stop) -> [DNSRecord] {
        // Macros can make what is no name: nothing is there.
        guard Self.isName(name) else { return [] }
        switch await resolver.lookUp(name, type) {
        case .records(let records): return records
        case .noData, .noSuchName: return []
        case .failed(let reason): throw .temperror("look-up of \(name) failed: \(reason)")
        }
    }

    private static func isName(_ text: String) -> Bool {
        guard 1...253 ~= text.utf8.count, text.utf8.allSatisfy({ 0x20...0x7E ~= $0 && $0 != 0x5C }) else { return false }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { 1...63 ~= $0.utf8.count }
    }
}

extension DNSRecord {
    fileprivate var address: IPAddress? {
        switch self {
        case .a(let text), .aaaa(let text): IPAddress(text)
        default: nil
        }
    }
}

extension ClientAddress {
    /// The parts of the address that DNS names are made of: octets, or nibbles.
    fileprivate var nibbles: [String] {
        guard bytes.count == 16 else { return bytes.map { String($0) } }
        return bytes.flatMap { [String($0 >> 4, radix: 16), String($0 & 15, radix: 16)] }
    }

    /// The name at which the DNS keeps the address's own name. RFC 1035 §3.5, RFC 3596 §2.5.
    var reverseName: String {
        nibbles.reversed().joined(separator: ".") + (bytes.count == 4 ? ".in-addr.arpa" : ".ip6.arpa")
    }
}
