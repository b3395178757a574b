internal import Disk
internal import Formats
package import JMAP
internal import MailStore

/// `Email/import` (RFC 8621 §4.8). Duplicates are allowed.
package struct EmailImport: Method {
    package let name = "Email/import"
    package let capability = Capability.mail

    package init() {}

    package func respond(
        to given: Arguments, in scope: WebmailScope, state: inout RequestState
    ) async throws(MethodError) -> MethodResponse {
        var arguments = given
        let accountId = try arguments.id("accountId")
        let ifInState = try arguments.optionalString("ifInState")
        let emails = try arguments.objects("emails")
        try arguments.finish()
        let account = try await scope.account(accountId, capability: capability, changes: true)
        guard emails.count <= scope.limits.maxObjectsInSet else { throw .requestTooLarge }
        let oldState = try await account.mail.state(.email)
        if let ifInState, ifInState != oldState { throw .stateMismatch }
        var created = JSONObject()
        var notCreated = JSONObject()
        for (creationId, email) in emails {
            do throws(SetError) {
                let record = try await Self.importEmail(email, into: account, state)
                state.createdIds[creationId] = record.id
                created.append(creationId, .object(record.properties))
            } catch { notCreated.append(creationId, error.json) }
        }
        return MethodResponse([
            "accountId": JSON(accountId),
            "oldState": .string(oldState),
            "newState": .string(try await account.mail.state(.email)),
            "created": created.isEmpty ? .null : .object(created),
            "notCreated": notCreated.isEmpty ? .null : .object(notCreated),
        ])
    }

    private static func importEmail(
        _ email: JSONObject, into account: WebmailAccount, _ request: RequestState
    ) async throws(SetError) -> CreatedRecord {
        var placement = EmailPlacement()
        placement.take(from: email, request)
        if !email.has("mailboxIds") { placement.invalid.append("mailboxIds") }
        let known: Set<String> = ["blobId", "mailboxIds", "keywords", "receivedAt"]
        placement.invalid += email.names.filter { !known.contains($0) }
        guard let blobId = email["blobId"]?.string.flatMap(request.resolve).flatMap(Id.init) else {
            throw .invalidProperties(placement.invalid + ["blobId"])
        }
        let mailbox = try await placement.mailbox(in: account)
        let (source, size, head) = try await content(of: blobId, in: account)
        guard size <= MailLimits.maxSizeMessage else {
            throw .tooLarge("The message is larger than \(MailLimits.maxSizeMessage) octets.")
        }
        let message = Message(parsingHeaderOf: head)
        guard message.isPlausible else { throw SetError("invalidEmail", description: "The blob is not a message.") }
        return try await EmailType.file(
            source, in: mailbox, keywords: placement.keywords,
            receivedAt: placement.receivedAt ?? message.lastReceived, of: account)
    }

    private static func content(
        of blobId: Id, in account: WebmailAccount
    ) async throws(SetError) -> (source: MessageContent.Source, size: Int, head: [UInt8]) {
        do throws(StoreError) {
            return try await account.mail.content(of: BlobID(rawValue: blobId.rawValue))
        } catch {
            throw error == .notFound ? .invalidProperties(["blobId"], "The blob does not exist.") : SetError(error)
        }
    }
}

extension Message {
    /// Whether it has at least one header field, and so may be a message at all.
    var isPlausible: Bool { !headers.isEmpty }

    /// The date of the most recent Received field, which stands first (RFC 5321 §4.4).
    var lastReceived: UnixTime? {
        guard let raw = headers.first(where: { $0.isNamed("Received") })?.raw, let semicolon = raw.lastIndex(of: ";") else {
            return nil
        }
        return InternetDate(parsing: raw[raw.index(after: semicolon)...]).map { UnixTime(seconds: $0.seconds) }
    }
}
