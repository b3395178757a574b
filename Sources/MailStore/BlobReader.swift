package import Disk
import Formats

/// The octets behind a blob id, to be read from any place on a piece at a time: memory stays the same however many there are.
///
/// Only attachments in rare encodings, and the rest behind the padding of odd base64, are held whole.
package struct BlobReader: Sendable {
    private enum Source {
        case bytes([UInt8])
        /// These octets of the file.
        case slice(OpenFile, Range<Int>)
        /// Base64 of the file's octets, so many when decoded; `rest` is what the end decodes to.
        case base64(OpenFile, Range<Int>, rest: [UInt8])
    }

    private let source: Source
    /// Octets altogether.
    package let size: Int

    /// Octets read at a time.
    private static let piece = 128 * 1024

    init(_ bytes: [UInt8]) {
        source = .bytes(bytes)
        size = bytes.count
    }

    init(_ file: OpenFile) {
        source = .slice(file, 0..<file.size)
        size = file.size
    }

    /// One part of the message in the file; `notFound` when it has none of that id.
    init(part partId: String, of file: OpenFile) throws(StoreError) {
        let message: Message
        var places: MessageOutline.Places?
        if file.size <= MessageDigest.limit {
            message = Message(parsing: try file.read())
        } else {
            var outline = MessageOutline()
            var offset = 0
            while offset < file.size {
                let bytes = try file.read(at: offset, count: BlobReader.piece)
                guard !bytes.isEmpty else { break }
                outline.add(bytes)
                offset += bytes.count
            }
            (message, places) = outline.finish()
        }
        guard let part = message.part(withID: partId) else { throw .notFound }
        guard let range = places?.whole(part.bodyRange) else {
            self.init(part.decodedBytes())
            return
        }
        if part.encoding.isIdentity {
            self.init(.slice(file, range), size: range.count)
        } else if part.isBase64 {
            let (source, size) = try BlobReader.base64(file, range)
            self.init(source, size: size)
        } else {
            self.init(part.decoded(try file.read(at: range.lowerBound, count: range.count)))
        }
    }

    private init(_ source: Source, size: Int) {
        self.source = source
        self.size = size
    }

    private static func base64(_ file: OpenFile, _ range: Range<Int>) throws(StoreError) -> (Source, Int) {
        var pieces = Base64Pieces()
        var size = 0
        var offset = range.lowerBound
        while offset < range.upperBound {
            let bytes = try file.read(at: offset, count: min(piece, range.upperBound - offset))
            guard !bytes.isEmpty, let count = pieces.count(bytes) else { break }
            size += count
            offset += bytes.count
        }
        let start = offset - pieces.carriedCount
        let rest = Base64.decode(try file.read(at: start, count: range.upperBound - start))
        return (.base64(file, range.lowerBound..<start, rest: rest), size + rest.count)
    }

    /// The octets of `range`, which must lie within the blob, a piece at a time.
    package func pieces(of range: Range<Int>) -> Pieces { Pieces(self, range) }

    /// Some octets of a blob, on their way.
    package struct Pieces {
        private let source: Source
        private let range: Range<Int>
        /// How many octets of the blob lie before what comes next.
        private var place: Int
        /// Of base64: where to read on.
        private var offset = 0
        private var decoder = Base64Pieces()

        fileprivate init(_ reader: BlobReader, _ range: Range<Int>) {
            source = reader.source
            self.range = range
            switch source {
            case .bytes, .slice: place = range.lowerBound
            case .base64(_, let encoded, _):
                // From the start, since lines need not be of one length.
                place = 0
                offset = encoded.lowerBound
            }
        }

        /// The next piece; nil after the last.
        package mutating func next() throws(StoreError) -> [UInt8]? {
            while place < range.upperBound {
                let start = place
                let bytes = try read()
                if bytes.isEmpty { continue }
                place += bytes.count
                let wanted = range.clamped(to: start..<place)
                if wanted.count == bytes.count { return bytes }
                if !wanted.isEmpty { return Array(bytes[(wanted.lowerBound - start)..<(wanted.upperBound - start)]) }
            }
            return nil
        }

        /// May be empty where base64 goes on in the next piece.
        private mutating func read() throws(StoreError) -> [UInt8] {
            let bytes: [UInt8]?
            switch source {
            case .bytes(let all):
                return Array(all[place..<range.upperBound])
            case .slice(let file, let all):
                bytes = try file.read(at: all.lowerBound + place, count: min(BlobReader.piece, range.upperBound - place))
            case .base64(_, let encoded, let rest) where offset >= encoded.upperBound:
                bytes = rest
            case .base64(let file, let encoded, _):
                let text = try file.read(at: offset, count: min(BlobReader.piece, encoded.upperBound - offset))
                offset += text.count
                if !text.isEmpty, let decoded = decoder.decode(text) { return decoded }
                bytes = nil
            }
            guard let bytes, !bytes.isEmpty else { throw .unavailable(reason: "a file changed while it was read") }
            return bytes
        }
    }
}

extension MailAccount {
    /// What a blob id stands for, for a download. `notFound` when it is gone.
    package nonisolated func reader(of id: BlobID) async throws(StoreError) -> BlobReader {
        switch id.kind {
        case .part(let email, let partId):
            let file = try await messageFile(email)
            return try await DiskExecutor.offload { () throws(StoreError) in try BlobReader(part: partId, of: file) }
        case .email, .upload, .script, nil:
            switch try await blob(id) {
            case .bytes(let bytes): return BlobReader(bytes)
            case .file(let file): return BlobReader(file)
            }
        }
    }
}
