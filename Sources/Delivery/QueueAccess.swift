package import Disk
internal import Formats
internal import MailStore
internal import SMTP

/// The queue as another process sees it: for `mailportal queue`, while the server runs or not.
package struct QueueAccess: Sendable {
    private let files: OutboxFiles

    /// - Parameter data: the data directory
    package init(data: String) throws(StoreError) { files = try OutboxFiles(folder: "\(data)/outbox") }

    /// All entries as they are on the disk, oldest first.
    package func list() throws(StoreError) -> [OutboxEntry] { try OutboxFiles.list(folder: files.folder) }

    /// Asks the server to do it within a second (or at its next start). Throws `notFound` for an entry that is not there.
    package func ask(_ request: QueueRequest, _ id: QueueID) throws(StoreError) {
        guard DiskFile.exists(files.envelope(id)) else { throw .notFound }
        try AtomicFile.write([], to: "\(files.requests)/\(id).\(request.rawValue)")
    }

    /// Gives the server a message to send.
    ///
    /// - Parameter skipping: octets of the content to leave out at its start
    func enqueue(
        _ entry: OutboxEntry, prefix: [UInt8], content: BlobContent, skipping: Int = 0
    ) throws(StoreError) {
        var entry = entry
        entry.size = try files.stageMessage(
            entry.id, prefix: prefix, content: content, skipping: skipping, into: files.incoming)
        try files.commitEnvelope(entry, into: files.incoming)
    }
}
