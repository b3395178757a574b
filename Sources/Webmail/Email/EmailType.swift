package import Delivery
internal import Disk
internal import Formats
package import JMAP
internal import MailStore

/// Emails (RFC 8621 §4).
package struct EmailType: GettableType, ChangingType {
    package typealias Scope = WebmailScope

    package let name = "Email"
    package let capability = Capability.mail

    /// Learns what is moved to Junk and out of it.
    let teacher: SpamTeacher?

    package init(teacher: SpamTeacher? = nil) { self.teacher = teacher }

    // MARK: /get

    package func fetch(from arguments: inout Arguments) throws(MethodError) -> EmailFetch {
        try EmailFetch(from: &arguments, defaults: EmailPropertyName.defaults)
    }

    package func get(
        _ ids: [Id]?, _ fetch: EmailFetch, limit: Int, from account: WebmailAccount
    ) async throws(MethodError) -> GetResult {
        let (state, emails) = try await account.mail.snapshot { reader in
            let wanted = try ids?.map { EmailID(rawValue: $0.rawValue) } ?? Self.all(reader, limit: limit)
            return (try reader.state(.email).rawValue, try reader.emails(wanted))
        }
        let renderer = EmailRenderer(fetch: fetch)
        var found: Set<String> = []
        var list: [JSON] = []
        list.reserveCapacity(emails.count)
        for email in emails {
            var message: Message?
            if fetch.depth > .none {
                // Destroyed since the snapshot: not found.
                guard let read = try await Self.message(email.id, fetch.depth, of: account) else { continue }
                message = read
            }
            found.insert(email.id.rawValue)
            list.append(renderer.json(email, message))
        }
        return GetResult(state: state, list: list, notFound: ids?.filter { !found.contains($0.rawValue) } ?? [])
    }

    /// RFC 8620 §5.1: all of them, when they are not more than the limit.
    private static func all(_ reader: MailReader, limit: Int) throws -> [EmailID] {
        let ids = try reader.query(EmailQuery(limit: limit + 1)).ids
        guard ids.count <= limit else { throw MethodError.requestTooLarge }
        return ids
    }

    /// The message, its header alone where that is enough; nil when it is gone.
    static func message(
        _ id: EmailID, _ depth: EmailFetch.Depth, of account: WebmailAccount
    ) async throws(MethodError) -> Message? {
        do throws(StoreError) {
            guard depth == .header else { return Message(parsing: try await account.mail.messageBytes(id)) }
            let file = try await account.mail.messageFile(id)
            let head = try file.read(count: headSize)
            if head.count == file.size || holdsWholeHeader(head) { return Message(parsingHeaderOf: head) }
            return Message(parsingHeaderOf: try file.read())
        } catch {
            if error == .notFound { return nil }
            throw MethodError(error)
        }
    }

    /// More than nearly all headers take.
    private static let headSize = 32 * 1024

    /// Whether there is an empty line.
    private static func holdsWholeHeader(_ bytes: [UInt8]) -> Bool {
        var lineStart = 0
        for (index, byte) in bytes.enumerated() where byte == 0x0A {
            if index == lineStart || index == lineStart + 1 && bytes[lineStart] == 0x0D { return true }
            lineStart = index + 1
        }
        return false
    }

    // MARK: /changes

    package func changes(
        since state: String, limit: Int?, in account: WebmailAccount
    ) async throws(MethodError) -> ChangesResult {
        ChangesResult(try await account.mail.changes(.email, since: state, limit: limit))
    }
}
