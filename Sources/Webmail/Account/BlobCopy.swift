internal import Disk
package import JMAP
internal import MailStore

/// `Blob/copy` (RFC 8620 §6.3).
package struct BlobCopy: Method {
    package let name = "Blob/copy"
    package let capability = Capability.core

    package init() {}

    package func respond(
        to given: Arguments, in scope: WebmailScope, state: inout RequestState
    ) async throws(MethodError) -> MethodResponse {
        var arguments = given
        let fromAccountId = try arguments.id("fromAccountId")
        let accountId = try arguments.id("accountId")
        let blobIds = try arguments.ids("blobIds")
        try arguments.finish()
        guard blobIds.count <= scope.limits.maxObjectsInSet else { throw .requestTooLarge }
        let source = try await CopyMethod<EmailType>.sourceAccount(fromAccountId, capability: capability, in: scope)
        let target = try await scope.account(accountId, capability: capability, changes: true)
        guard fromAccountId != accountId else { throw .invalid("fromAccountId", "must differ from accountId") }
        var copied = JSONObject()
        var notCopied = JSONObject()
        for id in blobIds {
            do throws(StoreError) {
                let bytes = try await source.mail.blob(BlobID(rawValue: id.rawValue)).read()
                copied.append(id.rawValue, .string(try await target.mail.storeBlob(.bytes(bytes)).id.rawValue))
            } catch { notCopied.append(id.rawValue, SetError(error).json) }
        }
        return MethodResponse([
            "fromAccountId": JSON(fromAccountId),
            "accountId": JSON(accountId),
            "copied": copied.isEmpty ? .null : .object(copied),
            "notCopied": notCopied.isEmpty ? .null : .object(notCopied),
        ])
    }
}
