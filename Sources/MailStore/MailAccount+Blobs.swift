package import Disk
import Formats
import GRDB

extension MailAccount {
    /// How long an upload is kept after it was last uploaded (RFC 8620 §6.1 asks for an hour).
    private static let uploadLifetime: Int64 = 24 * 3_600_000

    /// Keeps the bytes for a day under an id made of their hash: the same bytes give the same id.
    package nonisolated func storeBlob(_ source: MessageContent.Source) async throws(StoreError) -> StoredBlob {
        let folder = path + "/uploads"
        return try await DiskExecutor.offload { () throws(StoreError) -> StoredBlob in
            let bytes: [UInt8] =
                switch source {
                case .bytes(let bytes): bytes
                case .file(let path): try OpenFile(path: path).read()
                }
            try Folder.make(folder)
            MailAccount.sweepUploads(folder)
            let name = StableHash.name(of: bytes)
            try AtomicFile.write(bytes, to: folder + "/" + name)
            return StoredBlob(
                id: BlobID(rawValue: "U" + name), size: bytes.count,
                expiresAt: UnixTime(milliseconds: UnixTime.now.milliseconds + MailAccount.uploadLifetime))
        }
    }

    private static func sweepUploads(_ folder: String) {
        let limit = (UnixTime.now.milliseconds - uploadLifetime) * 1_000_000
        for name in (try? Folder.names(folder)) ?? [] {
            if let status = DiskFile.status(folder + "/" + name), status.modified < limit {
                try? DiskFile.remove(folder + "/" + name)
            }
        }
    }

    /// What a blob id stands for: a message, a decoded part, an upload. `notFound` when it is gone.
    package nonisolated func blob(_ id: BlobID) async throws(StoreError) -> BlobContent {
        switch id.kind {
        case .email(let email):
            return .file(try await messageFile(email))
        case .part(let email, let partId):
            let bytes = try await messageBytes(email)
            guard let part = Message(parsing: bytes).part(withID: partId) else { throw .notFound }
            return .bytes(part.decodedBytes())
        case .upload(let name):
            let path = path + "/uploads/" + name
            return try await DiskExecutor.offload { () throws(StoreError) in .file(try OpenFile(path: path)) }
        case .script(let script, let hash):
            return .bytes(try await scriptContent(script, hash: hash))
        case nil:
            throw .notFound
        }
    }

    /// The message's file, open: for download and streaming. It stays readable whatever happens to the message meanwhile.
    package nonisolated func messageFile(_ id: EmailID) async throws(StoreError) -> OpenFile {
        for _ in 0..<3 {
            let path: String?
            do {
                path = try await read { reader in try reader.path(of: id) }
            } catch {
                throw StoreError(database: error)
            }
            guard let path else { throw .notFound }
            // Renamed between the look-up and now, by us or by others: look again.
            if let file = try? OpenFile(path: path) { return file }
        }
        try await refresh()
        do {
            guard let path = try await read({ reader in try reader.path(of: id) }) else { throw StoreError.notFound }
            return try OpenFile(path: path)
        } catch {
            throw StoreError(database: error)
        }
    }

    /// The message's raw bytes.
    package nonisolated func messageBytes(_ id: EmailID) async throws(StoreError) -> [UInt8] {
        try await messageFile(id).read()
    }
}

/// The bytes behind a blob id.
package enum BlobContent: Sendable {
    case bytes([UInt8])
    case file(OpenFile)

    package var size: Int {
        switch self {
        case .bytes(let bytes): bytes.count
        case .file(let file): file.size
        }
    }

    /// All the bytes at once.
    package func read() throws(StoreError) -> [UInt8] {
        switch self {
        case .bytes(let bytes): bytes
        case .file(let file): try file.read()
        }
    }
}
