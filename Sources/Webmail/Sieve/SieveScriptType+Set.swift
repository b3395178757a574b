internal import Delivery
internal import Disk
package import JMAP
internal import MailStore

/// The own arguments of `SieveScript/set` (RFC 9661 §2.4).
package struct SieveScriptOptions: Sendable {
    /// An id, or `#` and a creation id.
    let activates: String?
    let deactivates: Bool
}

extension SieveScriptType: SettableType {
    package func setOptions(from arguments: inout Arguments) throws(MethodError) -> SieveScriptOptions {
        SieveScriptOptions(
            activates: try arguments.optionalString("onSuccessActivateScript"),
            deactivates: try arguments.optionalBool("onSuccessDeactivateScript") ?? false)
    }

    package func state(of account: WebmailAccount) async throws(MethodError) -> String {
        try await Self.scripts(of: account).state
    }

    package func create(
        _ record: JSONObject, options: SieveScriptOptions, in account: WebmailAccount, request: RequestState
    ) async throws(MethodError) -> Result<CreatedRecord, SetError> {
        do throws(SetError) {
            var invalid = record.names.filter { !["name", "blobId", "isActive"].contains($0) }
            let isNamed = record["name"].map { !$0.isNull } ?? false
            if isNamed, record["name"]?.string == nil { invalid.append("name") }
            if record["blobId"]?.string == nil { invalid.append("blobId") }
            if let isActive = record["isActive"], isActive != false { invalid.append("isActive") }
            guard invalid.isEmpty else { throw .invalidProperties(invalid) }
            let content = try await Self.script(record["blobId"], in: account)
            let script: Script
            if let name = record["name"]?.string {
                script = try await Self.create(name, content, in: account)
            } else {
                script = try await Self.createNameless(content, in: account)
            }
            var properties = Self.json(script)
            if isNamed { properties["name"] = nil }
            return .success(CreatedRecord(id: script.id.rawValue, properties: properties))
        } catch { return .failure(error) }
    }

    package func update(
        _ patches: [(id: Id, patch: PatchObject)], options: SieveScriptOptions, in account: WebmailAccount,
        request: RequestState
    ) async throws(MethodError) -> [Result<JSONObject?, SetError>] {
        var results: [Result<JSONObject?, SetError>] = []
        for (id, patch) in patches {
            let before = try await Self.scripts(of: account).list.first { $0.id.rawValue == id.rawValue }
            do throws(SetError) {
                guard let before else { throw .notFound }
                results.append(.success(try await Self.update(before, patch, in: account)))
            } catch { results.append(.failure(error)) }
        }
        return results
    }

    private static func update(
        _ script: Script, _ patch: PatchObject, in account: WebmailAccount
    ) async throws(SetError) -> JSONObject? {
        let before = json(script)
        let after = try patch.applied(to: before)
        let invalid = patch.properties.filter { name in
            after[name] != before[name] && (!["name", "blobId"].contains(name) || after[name]?.string == nil)
        }
        guard invalid.isEmpty else { throw .invalidProperties(invalid) }
        let name = after["name"]?.string
        let content: [UInt8]? = after["blobId"] == before["blobId"] ? nil : try await Self.script(after["blobId"], in: account)
        guard name != script.name || content != nil else { return nil }
        do throws(ScriptError) {
            let updated = try await account.mail.updateScript(script.id, name: name, content: content)
            // The blob has an id of the script's own now.
            return content == nil ? nil : ["blobId": .string(updated.blobId.rawValue)]
        } catch { throw SetError(error) }
    }

    package func destroy(
        _ ids: [Id], options: SieveScriptOptions, in account: WebmailAccount
    ) async throws(MethodError) -> [SetError?] {
        var errors: [SetError?] = []
        for id in ids {
            do throws(ScriptError) {
                try await account.mail.destroyScript(ScriptID(rawValue: id.rawValue))
                errors.append(nil)
            } catch { errors.append(SetError(error)) }
        }
        return errors
    }

    /// Activates or deactivates, when all went well. An id that is none is ignored, as the RFC wants it.
    package func conclude(
        _ summary: SetSummary, isComplete: Bool, options: SieveScriptOptions, in account: WebmailAccount
    ) async throws(MethodError) -> [(id: String, properties: JSONObject)] {
        guard isComplete else { return [] }
        var target: String?
        if let key = options.activates {
            target = key.hasPrefix("#") ? summary.created[String(key.dropFirst())] : key
        }
        do throws(ScriptError) {
            var changed: [Script] = []
            if let target {
                changed = try await account.mail.activateScript(ScriptID(rawValue: target))
            } else if options.deactivates {
                changed = try await account.mail.activateScript(nil)
            }
            return changed.map { ($0.id.rawValue, ["isActive": .bool($0.isActive)]) }
        } catch {
            guard case .store(let failure) = error else { return [] }
            throw MethodError(failure)
        }
    }

    // MARK: Steps

    private static func create(
        _ name: String, _ content: [UInt8], in account: WebmailAccount
    ) async throws(SetError) -> Script {
        do throws(ScriptError) { return try await account.mail.createScript(name: name, content: content) } catch {
            throw SetError(error)
        }
    }

    /// Under the first name that is free.
    private static func createNameless(_ content: [UInt8], in account: WebmailAccount) async throws(SetError) -> Script {
        for number in 1...ScriptLimits.maximumCount + 1 {
            do throws(SetError) { return try await create("Script \(number)", content, in: account) } catch {
                guard error.type == "alreadyExists" else { throw error }
            }
        }
        throw .overQuota
    }

    /// The blob's bytes, when they are a script that can run here.
    private static func script(_ blobId: JSON?, in account: WebmailAccount) async throws(SetError) -> [UInt8] {
        let id = blobId?.string ?? ""
        let content: [UInt8]?
        do throws(StoreError) { content = try await self.content(id, in: account) } catch { throw SetError(error) }
        guard let content else { throw blobNotFound(id) }
        if let refusal = refusal(of: content) { throw refusal }
        return content
    }

    static func refusal(of content: [UInt8]) -> SetError? {
        guard content.count <= ScriptLimits.maximumSize else {
            return .tooLarge("The script is larger than \(ScriptLimits.maximumSize) octets.")
        }
        return FilterScript.problem(of: content).map { SetError("invalidSieve", description: $0) }
    }

    static func blobNotFound(_ id: String) -> SetError {
        SetError("blobNotFound", description: "The blob does not exist.", details: ["notFound": [.string(id)]])
    }
}

extension SetError {
    /// What one script answers when the store refuses its change (RFC 9661 §2.4).
    init(_ error: ScriptError) {
        switch error {
        case .notFound: self = .notFound
        case .invalidName: self = .invalidProperties(["name"], "A name has 1 to 512 octets without control characters.")
        case .alreadyExists(let id):
            self = SetError(
                "alreadyExists", description: "A script of that name is there already.",
                details: ["existingId": .string(id.rawValue)])
        case .tooMany: self = .overQuota
        case .tooLarge: self = .tooLarge("The script is larger than \(ScriptLimits.maximumSize) octets.")
        case .isActive: self = SetError("sieveIsActive", description: "Deactivate the script first.")
        case .store(let error): self = SetError(error)
        }
    }
}
