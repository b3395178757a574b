/// The kinds of records that mail needs. Raw values are those of the DNS. RFC 1035 §3.2.2.
package enum DNSRecordType: UInt16, Hashable, Sendable, CaseIterable {
    case a = 1
    case cname = 5
    case ptr = 12
    case mx = 15
    case txt = 16
    case aaaa = 28
    case tlsa = 52
}

/// One record's data, decoded. Names are in lower case without the final dot; the root is the empty string.
package enum DNSRecord: Hashable, Sendable {
    case a(String)
    case aaaa(String)
    case mx(preference: Int, host: String)
    /// The strings of one record, joined.
    case txt([UInt8])
    case cname(String)
    case ptr(String)
    case tlsa(TLSARecord)
}

/// What a question to the DNS brought.
package enum DNSAnswer: Hashable, Sendable {
    /// At least one record of the type asked for.
    case records([DNSRecord])
    /// The name exists, without such records.
    case noData
    case noSuchName
    /// Nobody answered, or not believably: asking later may help.
    case failed(String)

    package var records: [DNSRecord] { if case .records(let records) = self { records } else { [] } }
}

/// How a TLS certificate is pinned in the DNS. RFC 6698 §2.1.
package struct TLSARecord: Hashable, Sendable {
    package let usage: UInt8
    package let selector: UInt8
    package let matching: UInt8
    package let data: [UInt8]

    package init(usage: UInt8, selector: UInt8, matching: UInt8, data: [UInt8]) {
        self.usage = usage
        self.selector = selector
        self.matching = matching
        self.data = data
    }
}

/// An answer, and whether DNSSEC vouches for it.
package struct ValidatedAnswer: Hashable, Sendable {
    package let answer: DNSAnswer
    package let isSecure: Bool

    package init(_ answer: DNSAnswer, isSecure: Bool) {
        self.answer = answer
        self.isSecure = isSecure
    }
}

/// Answers questions about names. Two live behind it: libunbound, and a table from a zone file.
package protocol Resolver: Sendable {
    /// - Parameter name: in ASCII, with or without the final dot
    func lookUp(_ name: String, _ type: DNSRecordType) async -> DNSAnswer

    /// The same by DNSSEC: an answer that should be signed and is not believable is `failed`; without validation nothing is secure.
    func lookUpValidated(_ name: String, _ type: DNSRecordType) async -> ValidatedAnswer
}

extension Resolver {
    package func lookUpValidated(_ name: String, _ type: DNSRecordType) async -> ValidatedAnswer {
        ValidatedAnswer(await lookUp(name, type), isSecure: false)
    }
}

/// Asks the table first, and the network about names that the table does not know.
package struct LayeredResolver: Resolver {
    private let table: ZoneTable
    private let network: any Resolver

    package init(table: ZoneTable, network: any Resolver) {
        self.table = table
        self.network = network
    }

    package func lookUp(_ name: String, _ type: DNSRecordType) async -> DNSAnswer {
        if let answer = table.answer(name, type) { return answer }
        return await network.lookUp(name, type)
    }

    package func lookUpValidated(_ name: String, _ type: DNSRecordType) async -> ValidatedAnswer {
        if let answer = table.answer(name, type) { return ValidatedAnswer(answer, isSecure: table.isSecure(name)) }
        return await network.lookUpValidated(name, type)
    }
}
