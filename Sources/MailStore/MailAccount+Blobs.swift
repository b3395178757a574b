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
            try Folder.make(folder)
            MailAccount.sweepUploads(folder)
            let (name, size) = try MailAccount.upload(source, to: folder)
            return StoredBlob(
                id: BlobID(rawValue: "U" + name), size: size,
                expiresAt: UnixTime(milliseconds: UnixTime.now.milliseconds + MailAccount.uploadLifetime))
        }
    }

    /// Writes the file under the name that its bytes have; a large one is copied a piece at a time.
    private static func upload(_ source: MessageContent.Source, to folder: String) throws(StoreError) -> (name: String, size: Int) {
        switch source {
        case .bytes(let bytes):
            let name = StableHash.name(of: bytes)
            try AtomicFile.write(bytes, to: folder + "/" + name)
            return (name, bytes.count)
        case .file(let path):
            let file = try OpenFile(path: path)
            let staged = try StagedFile(creating: folder + "/.new-" + UniqueName.next())
            var hash = ByteHash()
            var offset = 0
            while offset < file.size {
                let piece = try file.read(at: offset, count: 1 << 18)
                guard !piece.isEmpty else { throw .unavailable(reason: "file shrank: \(path)") }
                hash.add(piece)
                try staged.append(piece)
                offset += piece.count
            }
            try staged.sync()
            try staged.replace(folder + "/" + hash.name)
            try Folder.sync(folder)
            return (hash.name, offset)
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

    /// What a blob's octets can be filed from, how many they are, and the first of them: an upload's file is not read into memory.
    package nonisolated func content(of id: BlobID) async throws(StoreError) -> (source: MessageContent.Source, size: Int, head: [UInt8]) {
        if case .upload(let name) = id.kind {
            let path = path + "/uploads/" + name
            return try await DiskExecutor.offload { () throws(StoreError) in
                let file = try OpenFile(path: path)
                return (.file(path: path), file.size, try file.read(count: MailAccount.headLimit))
            }
        }
        let bytes = try await blob(id).read()
        return (.bytes(bytes), bytes.count, Array(bytes.prefix(MailAccount.headLimit)))
    }

    /// As much of a message as its header may reasonably take.
    private static let headLimit = 1 << 20

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
