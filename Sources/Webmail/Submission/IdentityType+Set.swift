internal import Delivery
internal import Disk
internal import Formats
package import JMAP
internal import MailStore

extension IdentityType: SettableType {
    /// `Identity/set` has no arguments of its own.
    package func setOptions(from arguments: inout Arguments) throws(MethodError) {}

    package func state(of account: WebmailAccount) async throws(MethodError) -> String {
        try await Self.identities(of: account).state
    }

    package func create(
        _ record: JSONObject, options: Void, in account: WebmailAccount, request: RequestState
    ) async throws(MethodError) -> Result<CreatedRecord, SetError> {
        do throws(SetError) {
            var invalid = record.members.filter { !Self.isValid($0.name, $0.value) && $0.name != "email" }.map(\.name)
            let address = record["email"]?.string.flatMap { try? MailAddress(parsing: $0) }
            if address == nil { invalid.append("email") }
            guard invalid.isEmpty, let address else { throw .invalidProperties(invalid) }
            guard account.policy.allows(account.owner, toSendAs: address) else {
                throw SetError("forbiddenFrom", description: "The account may not send as this address.")
            }
            let id = "J" + String(UInt64.random(in: 1 << 60 ... .max), radix: 36)
            var properties = Self.defaults
            for (name, value) in record { properties[name] = value }
            var stored = properties
            stored["isExtra"] = true
            do { try await account.mail.put(.identity, id, stored) } catch { throw SetError(error) }
            var response: JSONObject = ["id": .string(id), "mayDelete": true]
            for (name, value) in Self.defaults where !record.has(name) { response.append(name, value) }
            return .success(CreatedRecord(id: id, properties: response))
        } catch { return .failure(error) }
    }

    package func update(
        _ patches: [(id: Id, patch: PatchObject)], options: Void, in account: WebmailAccount, request: RequestState
    ) async throws(MethodError) -> [Result<JSONObject?, SetError>] {
        var results: [Result<JSONObject?, SetError>] = []
        for (id, patch) in patches {
            let current = try await Self.identities(of: account).list.first { $0["id"] == JSON(id) }
            do throws(SetError) {
                guard let current else { throw .notFound }
                let patched = try patch.applied(to: current, defaults: Self.defaults)
                let invalid = patch.properties.filter { name in
                    patched[name] != current[name] && !Self.isValid(name, patched[name] ?? .null)
                }
                guard invalid.isEmpty else { throw .invalidProperties(invalid) }
                var stored = patched
                for name in ["id", "mayDelete"] { stored[name] = nil }
                if current["mayDelete"] == true { stored["isExtra"] = true }
                do { try await account.mail.put(.identity, id.rawValue, stored) } catch { throw SetError(error) }
                results.append(.success(nil))
            } catch { results.append(.failure(error)) }
        }
        return results
    }

    package func destroy(
        _ ids: [Id], options: Void, in account: WebmailAccount
    ) async throws(MethodError) -> [SetError?] {
        let identities = try await Self.identities(of: account).list
        var errors: [SetError?] = []
        for id in ids {
            do throws(SetError) {
                guard let identity = identities.first(where: { $0["id"] == JSON(id) }) else { throw .notFound }
                guard identity["mayDelete"] == true else {
                    throw .forbidden("The identity stands for an address of the account.")
                }
                do { try await account.mail.removeRecord(.identity, id: id.rawValue) } catch { throw SetError(error) }
                errors.append(nil)
            } catch { errors.append(error) }
        }
        return errors
    }

    /// Whether a client may set the property to that value. `email` is immutable, and seen to by `create`.
    private static func isValid(_ name: String, _ value: JSON) -> Bool {
        switch name {
        case "name", "textSignature", "htmlSignature": value.string.map { $0.utf8.count <= 65_536 } ?? false
        case "replyTo", "bcc": value.isNull || HeaderComposition.addresses(value) != nil
        default: false
        }
    }
}
