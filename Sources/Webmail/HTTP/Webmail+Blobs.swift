internal import Directory
internal import Disk
internal import HTTPTypes
internal import Hummingbird
internal import JMAP
internal import MailStore
internal import NIOCore
internal import Web

extension Webmail {
    // MARK: Upload

    /// `POST /jmap/upload/{accountId}/` (RFC 8620 §6.1).
    func upload(_ request: Hummingbird.Request, _ context: AppContext) async throws -> Response {
        try requireOwnAccount(context)
        let tooLarge = Self.problem(.limit("maxSizeUpload"), status: .contentTooLarge)
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limits.maxSizeUpload { return tooLarge }
        let owner = try context.account
        let answer: Response?? = try await uploads.run(owner.id.rawValue) {
            let account = try await self.account(context)
            guard let stored = try await self.store(request, in: account) else { return .none }
            return Self.json(
                [
                    "accountId": JSON(account.id), "blobId": .string(stored.id.rawValue),
                    "type": .string(request.headers[.contentType] ?? "application/octet-stream"),
                    "size": .int(stored.size),
                ], status: .created)
        }
        guard let answer else { return Self.problem(.limit("maxConcurrentUpload")) }
        return answer ?? tooLarge
    }

    /// Small uploads go through memory, larger ones through a file; nil when it is too large.
    private func store(_ request: Hummingbird.Request, in account: WebmailAccount) async throws -> StoredBlob? {
        var size = 0
        var bytes: [UInt8] = []
        var staged: StagedFile?
        for try await piece in request.body {
            size += piece.readableBytes
            guard size <= limits.maxSizeUpload else { return nil }
            bytes.append(contentsOf: piece.readableBytesView)
            guard bytes.count >= Self.spoolFrom else { continue }
            let file = try staged ?? StagedFile(creating: spoolPath())
            try file.append(bytes)
            staged = file
            bytes.removeAll(keepingCapacity: true)
        }
        guard let staged else { return try await account.mail.storeBlob(.bytes(bytes)) }
        try staged.append(bytes)
        return try await account.mail.storeBlob(.file(path: staged.path))
    }

    private static let spoolFrom = 512 * 1024

    private func spoolPath() -> String {
        "\(spoolFolder)/upload-\(String(UInt64.random(in: 1 << 60 ... .max), radix: 36))"
    }

    // MARK: Download

    /// `GET /jmap/download/{accountId}/{blobId}/{name}?type=` (RFC 8620 §6.2).
    ///
    /// Whatever the type, the answer is a download, and a browser that shows it all the same runs nothing of it.
    func download(_ request: Hummingbird.Request, _ context: AppContext) async throws -> Response {
        try requireOwnAccount(context)
        let blobId = BlobID(rawValue: try context.pathParameter("blobId"))
        let name = try context.pathParameter("name")
        let type = try Self.type(request.query("type"))
        var headers: HTTPFields = [
            .contentType: type, .contentDisposition: Self.disposition(name),
            .cacheControl: "private, immutable, max-age=31536000", .eTag: "\"\(Self.tag(blobId))\"",
            .contentSecurityPolicy: "default-src 'none'; sandbox",
        ]
        let account = try await account(context)
        let blob: BlobReader
        do { blob = try await account.mail.reader(of: blobId) } catch {
            guard error == .notFound else { throw Web.Problem(.serviceUnavailable) }
            throw Web.Problem(.notFound, code: "blobNotFound", detail: "There is no such blob.")
        }
        let tag = "\"\(Self.tag(blobId))\""
        if request.headers[.ifNoneMatch]?.contains(tag) == true {
            headers[.contentType] = nil
            return Response(status: .notModified, headers: headers)
        }
        headers[.acceptRanges] = "bytes"
        switch ByteRange(request.headers[.range], if: request.headers[.ifRange], tag: tag, size: blob.size) {
        case .whole:
            return Response(status: .ok, headers: headers, body: Self.body(of: blob, 0..<blob.size))
        case .part(let range):
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(blob.size)"
            return Response(status: .partialContent, headers: headers, body: Self.body(of: blob, range))
        case .unsatisfiable:
            return Response(status: .rangeNotSatisfiable, headers: [.contentRange: "bytes */\(blob.size)"])
        }
    }

    private static func tag(_ id: BlobID) -> String {
        id.rawValue.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
    }

    /// The bytes a piece at a time, so that memory stays the same however large they are.
    private static func body(of blob: BlobReader, _ range: Range<Int>) -> ResponseBody {
        ResponseBody(contentLength: range.count) { writer in
            var pieces = blob.pieces(of: range)
            while let piece = try pieces.next() { try await writer.write(ByteBuffer(bytes: piece)) }
            try await writer.finish(nil)
        }
    }

    /// The media type asked for, when it can stand in a header.
    private static func type(_ text: String?) throws -> String {
        guard let text, !text.isEmpty else { return "application/octet-stream" }
        let isPlain = text.utf8.count <= 200 && text.utf8.allSatisfy { 0x20...0x7E ~= $0 }
        guard isPlain, text.split(separator: "/").count == 2 else {
            throw Web.Problem(.badRequest, code: "badType", detail: "The type is not a media type.")
        }
        return text
    }

    /// RFC 6266 with RFC 8187: the name in UTF-8, and a plain one for old clients.
    private static func disposition(_ name: String) -> String {
        let plain = String(
            decoding: name.utf8.map { byte in
                0x20...0x7E ~= byte && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") ? byte : UInt8(ascii: "_")
            }, as: UTF8.self)
        var encoded = ""
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default: encoded += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return "attachment; filename=\"\(plain)\"; filename*=UTF-8''\(encoded)"
    }
}
