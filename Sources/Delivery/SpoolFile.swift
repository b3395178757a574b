internal import Disk
internal import Glibc
internal import MailStore

/// A message that is too big for memory, on its way in: a file without a promise, removed when released.
///
/// Nothing here syncs: what must last is copied by the store or the outbox, which do.
final class SpoolFile: Sendable {
    struct Failure: Error { let code: CInt }

    let path: String
    private let descriptor: CInt

    /// Makes a new file in `folder`.
    init(in folder: String) throws(Failure) {
        path = "\(folder)/\(String(UInt64.random(in: .min ... .max), radix: 36)).spool"
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(code: errno) }
    }

    /// Appends off the cooperative pool; one caller at a time.
    func append(_ bytes: [UInt8]) async throws {
        try await DiskExecutor.offload { [descriptor] in
            try bytes.withUnsafeBytes { buffer in
                var written = 0
                while written < buffer.count {
                    let count = write(descriptor, buffer.baseAddress! + written, buffer.count - written)
                    if count < 0, errno == EINTR { continue }
                    guard count > 0 else { throw Failure(code: errno) }
                    written += count
                }
            }
        }
    }

    deinit {
        close(descriptor)
        unlink(path)
    }
}

/// Where a message is gathered while DATA comes in: in memory while it is small, else in a file.
struct MessageSink {
    static let memoryLimit = 256 * 1024

    private let folder: String
    private let limit: Int
    private var bytes: [UInt8] = []
    private var file: SpoolFile?
    private(set) var size = 0
    private(set) var failed = false

    /// - Parameter limit: what goes beyond is counted and dropped
    init(folder: String, limit: Int) {
        self.folder = folder
        self.limit = limit
    }

    var isTooBig: Bool { size > limit }
    /// Reading on to drop it has an end, too.
    var isFlooded: Bool { size > 2 * limit + 1_000_000 }

    mutating func append(_ chunk: [UInt8]) async {
        size += chunk.count
        guard !isTooBig, !failed else { return discard() }
        do {
            guard file == nil, bytes.count + chunk.count <= Self.memoryLimit else { return try await spool(chunk) }
            if bytes.isEmpty { bytes = chunk } else { bytes += chunk }
        } catch {
            failed = true
            discard()
        }
    }

    private mutating func spool(_ chunk: [UInt8]) async throws {
        if let file { return try await file.append(chunk) }
        let file = try SpoolFile(in: folder)
        self.file = file
        try await file.append(bytes)
        bytes = []
        try await file.append(chunk)
    }

    private mutating func discard() {
        bytes = []
        file = nil
    }

    /// The message; its file lives as long as the result.
    func finish() -> StagedContent { file.map { .file($0, size: size) } ?? .bytes(bytes) }
}

/// A message on its way to stores and outbox.
enum StagedContent: Sendable {
    case bytes([UInt8])
    case file(SpoolFile, size: Int)

    var size: Int {
        switch self {
        case .bytes(let bytes): bytes.count
        case .file(_, let size): size
        }
    }

    /// As the store takes it. The caller keeps `self` alive meanwhile.
    var source: MessageContent.Source {
        switch self {
        case .bytes(let bytes): .bytes(bytes)
        case .file(let file, _): .file(path: file.path)
        }
    }

    /// As the outbox takes it.
    func blob() throws(StoreError) -> BlobContent {
        switch self {
        case .bytes(let bytes): .bytes(bytes)
        case .file(let file, _): .file(try OpenFile(path: file.path))
        }
    }
}
