internal import Disk
internal import Formats
package import JMAP
internal import MailStore

/// `Email/parse` (RFC 8621 §4.9): blobs read as messages, without filing them.
package struct EmailParse: Method {
    package let name = "Email/parse"
    package let capability = Capability.mail

    package init() {}

    package func respond(
        to given: Arguments, in scope: WebmailScope, state: inout RequestState
    ) async throws(MethodError) -> MethodResponse {
        var arguments = given
        let accountId = try arguments.id("accountId")
        let blobIds = try arguments.ids("blobIds")
        let fetch = try EmailFetch(from: &arguments, defaults: EmailPropertyName.parseDefaults)
        try arguments.finish()
        guard blobIds.count <= scope.limits.maxObjectsInGet else { throw .requestTooLarge }
        let account = try await scope.account(accountId, capability: capability, changes: false)
        let renderer = EmailRenderer(fetch: fetch)
        var parsed = JSONObject()
        var notParsable: [JSON] = []
        var notFound: [JSON] = []
        for id in blobIds {
            let blobId = BlobID(rawValue: id.rawValue)
            guard let bytes = try await Self.bytes(of: blobId, in: account) else {
                notFound.append(JSON(id))
                continue
            }
            let message = Message(parsing: bytes)
            guard message.isPlausible else {
                notParsable.append(JSON(id))
                continue
            }
            let parts = try await Self.partBlobs(of: message, blobId, fetch, in: account)
            parsed.append(id.rawValue, renderer.json(parsed: message, blobId: blobId, blobIds: parts))
        }
        return MethodResponse([
            "accountId": JSON(accountId),
            "parsed": parsed.isEmpty ? .null : .object(parsed),
            "notParsable": notParsable.isEmpty ? .null : .array(notParsable),
            "notFound": notFound.isEmpty ? .null : .array(notFound),
        ])
    }

    private static func bytes(of id: BlobID, in account: WebmailAccount) async throws(MethodError) -> [UInt8]? {
        do throws(StoreError) { return try await account.mail.blob(id).read() } catch {
            if error == .notFound { return nil }
            throw MethodError(error)
        }
    }

    /// Under which blob ids the parts of the message can be downloaded.
    ///
    /// The parts of an email of the account, and of a message attached to one as it is, have ids of their own; of any other message,
    /// such as one attached in base64, the parts are kept like uploads.
    private static func partBlobs(
        of message: Message, _ blobId: BlobID, _ fetch: EmailFetch, in account: WebmailAccount
    ) async throws(MethodError) -> [String: BlobID] {
        guard fetch.depth == .whole, fetch.bodyProperties.contains(.named(.blobId)) else { return [:] }
        let leaves = BodyRenderer.leaves(below: message.root)
        var blobs: [String: BlobID] = [:]
        do throws(StoreError) {
            var whole: Message?
            if case .part(let email, _) = blobId.kind { whole = Message(parsing: try await account.mail.messageBytes(email)) }
            for leaf in leaves {
                guard let partId = leaf.partId else { continue }
                switch blobId.kind {
                case .email(let email): blobs[partId] = .part(email, partId)
                case .part(let email, let outer) where whole?.part(withID: outer + "." + partId) != nil:
                    blobs[partId] = .part(email, outer + "." + partId)
                case .part, .upload, .script, nil:
                    blobs[partId] = try await account.mail.storeBlob(.bytes(leaf.decodedBytes())).id
                }
            }
        } catch {
            throw MethodError(error)
        }
        return blobs
    }
}
