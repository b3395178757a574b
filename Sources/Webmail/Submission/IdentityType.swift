internal import Delivery
internal import Directory
internal import Disk
internal import Formats
package import JMAP
internal import MailStore

/// Identities (RFC 8621 §6).
///
/// Every address that the account may send as is an identity, whether or not anything was ever set of it; its id derives from the
/// address. What the user sets, and identities that the user makes beside, are records of the account.
package struct IdentityType: GettableType, ChangingType {
    package typealias Scope = WebmailScope

    package let name = "Identity"
    package let capability = Capability.submission

    package init() {}

    static let properties = ["id", "name", "email", "replyTo", "bcc", "textSignature", "htmlSignature", "mayDelete"]

    // MARK: /get

    package func fetch(from arguments: inout Arguments) throws(MethodError) -> [String] {
        guard let names = try arguments.optionalStrings("properties") else { return Self.properties }
        if let unknown = names.first(where: { !Self.properties.contains($0) }) {
            throw .invalid("properties", "Identity has no \"\(unknown)\"")
        }
        return names.contains("id") ? names : ["id"] + names
    }

    package func get(
        _ ids: [Id]?, _ properties: [String], limit: Int, from account: WebmailAccount
    ) async throws(MethodError) -> GetResult {
        let (state, identities) = try await Self.identities(of: account)
        let wanted = ids.map { ids in identities.filter { identity in ids.contains { JSON($0) == identity["id"] } } }
        let list = (wanted ?? identities).map { identity -> JSON in
            var object = JSONObject()
            for name in properties { object[name] = identity[name] ?? .null }
            return .object(object)
        }
        return GetResult(
            state: state, list: list,
            notFound: ids?.filter { id in !identities.contains { $0["id"] == JSON(id) } } ?? [])
    }

    /// All identities, the own address first, and the state that they are of.
    static func identities(of account: WebmailAccount) async throws(MethodError) -> (state: String, list: [JSONObject]) {
        let (state, records) = try await account.mail.jsonRecords(.identity)
        let byId = Dictionary(records.map { ($0.id, $0.json) }) { first, _ in first }
        var list: [JSONObject] = []
        let senders = account.policy.senders(of: account.owner)
        for address in senders {
            var identity = blank(address, name: account.owner.displayName)
            for (name, value) in byId[id(of: address)] ?? [:] where settable.contains(name) { identity[name] = value }
            list.append(identity)
        }
        let permitted = Set(senders.map(id))
        for (id, record) in records where !permitted.contains(id) && record["email"] != nil && record["isExtra"] == true {
            var identity = record
            identity["isExtra"] = nil
            identity["id"] = .string(id)
            identity["mayDelete"] = true
            list.append(identity)
        }
        return (state + "-" + fingerprint(account), list)
    }

    private static let settable = ["name", "replyTo", "bcc", "textSignature", "htmlSignature"]

    static let defaults: JSONObject = [
        "name": "", "replyTo": nil, "bcc": nil, "textSignature": "", "htmlSignature": "",
    ]

    private static func blank(_ address: MailAddress, name: String) -> JSONObject {
        [
            "id": .string(id(of: address)), "name": .string(name), "email": .string(address.description),
            "replyTo": nil, "bcc": nil, "textSignature": "", "htmlSignature": "", "mayDelete": false,
        ]
    }

    /// The id of the identity that an address has by itself.
    static func id(of address: MailAddress) -> String { "I" + hash(address.key) }

    /// Changes when the directory gives or takes an address, or the person a name: it is part of the state, since the directory
    /// keeps no changes for the account.
    private static func fingerprint(_ account: WebmailAccount) -> String {
        hash(account.policy.senders(of: account.owner).map(\.key).joined(separator: " ") + "\n" + account.owner.displayName)
    }

    /// FNV-1a, 64 bits, in base 36.
    private static func hash(_ text: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return String(hash, radix: 36)
    }

    // MARK: /changes

    package func changes(
        since state: String, limit: Int?, in account: WebmailAccount
    ) async throws(MethodError) -> ChangesResult {
        let mark = Self.fingerprint(account)
        guard state.hasSuffix("-" + mark) else { throw .cannotCalculateChanges }
        let page = try await account.mail.changes(
            .identity, since: String(state.dropLast(mark.utf8.count + 1)), limit: limit)
        // The first record of an address's identity updates what was there before; its removal is an update too.
        let fixed = Set(account.policy.senders(of: account.owner).map(Self.id))
        let updated = page.updated + (page.created + page.destroyed).filter(fixed.contains)
        return ChangesResult(
            newState: page.newState.rawValue + "-" + mark, hasMoreChanges: page.hasMoreChanges,
            created: page.created.filter { !fixed.contains($0) }, updated: updated,
            destroyed: page.destroyed.filter { !fixed.contains($0) })
    }
}
