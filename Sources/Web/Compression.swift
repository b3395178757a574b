internal import CZlib
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// gzip for the answers that gain by it. (NIO's own compressor does not fit Hummingbird's channels.)
enum Compression {
    private static let smallest = 512

    static func apply(to response: inout Response, for request: Request) {
        guard response.status != .notModified, response.status != .partialContent, response.status != .noContent,
            request.method != .head, response.headers[.contentEncoding] == nil,
            let type = response.headers[.contentType], isWorthIt(type),
            (response.body.contentLength ?? .max) >= smallest
        else { return }
        addVary(to: &response)
        guard isAccepted(by: request) else { return }
        let body = response.body
        response.headers[.contentEncoding] = "gzip"
        // A strong tag names bytes, and these are others.
        if let tag = response.headers[.eTag], !tag.hasPrefix("W/") { response.headers[.eTag] = "W/" + tag }
        response.body = ResponseBody { writer in
            try await body.write(GzipWriter(parent: writer))
        }
        response.headers[.contentLength] = nil
    }

    private static func addVary(to response: inout Response) {
        let known = response.headers[.vary]
        guard known?.contains("Accept-Encoding") != true else { return }
        response.headers[.vary] = known.map { $0 + ", Accept-Encoding" } ?? "Accept-Encoding"
    }

    static func isWorthIt(_ type: String) -> Bool {
        if type.hasPrefix("text/") { return !type.hasPrefix("text/event-stream") }
        return type.hasPrefix("application/json") || type.hasPrefix("application/problem+json") || type.contains("xml")
            || type.hasPrefix("application/javascript") || type.hasPrefix("application/manifest")
    }

    /// RFC 9110 §12.5.3; a weight of zero refuses.
    static func isAccepted(by request: Request) -> Bool {
        guard let header = request.headers[.acceptEncoding] else { return false }
        return header.split(separator: ",").contains { entry in
            let parts = entry.split(separator: ";")
            guard let coding = parts.first?.filter({ $0 != " " }).lowercased(), coding == "gzip" || coding == "*" else {
                return false
            }
            let weight = parts.dropFirst().first?.filter { $0 != " " } ?? ""
            return !["q=0", "q=0.0", "q=0.00", "q=0.000"].contains(weight)
        }
    }
}

/// Compresses a body while it is written.
private struct GzipWriter: ResponseBodyWriter {
    private var parent: any ResponseBodyWriter
    private let gzip: Gzip

    init(parent: any ResponseBodyWriter) throws {
        self.parent = parent
        guard let gzip = Gzip(level: 4) else { throw Problem(.internalServerError) }
        self.gzip = gzip
    }

    @concurrent mutating func write(_ buffer: ByteBuffer) async throws {
        let out = buffer.withUnsafeReadableBytes { gzip.compress($0, isLast: false) }
        if !out.isEmpty { try await parent.write(ByteBuffer(bytes: out)) }
    }

    @concurrent consuming func finish(_ trailers: HTTPFields?) async throws {
        let out = gzip.compress(UnsafeRawBufferPointer(start: nil, count: 0), isLast: true)
        if !out.isEmpty { try await parent.write(ByteBuffer(bytes: out)) }
        try await parent.finish(trailers)
    }
}

/// One gzip stream. zlib keeps a pointer back to its state, so the state has an address of its own.
final class Gzip {
    private let stream: UnsafeMutablePointer<z_stream>

    init?(level: Int32) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 15 bits of window, 16 for the gzip wrapper.
        guard mailportal_deflate_init(stream, level, 15 + 16) == Z_OK else {
            stream.deallocate()
            return nil
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    static func compress(_ bytes: [UInt8], level: Int32) -> [UInt8]? {
        guard let gzip = Gzip(level: level) else { return nil }
        return bytes.withUnsafeBytes { gzip.compress($0, isLast: true) }
    }

    /// What comes out for `input`; nothing until a block is full, everything with the last.
    func compress(_ input: UnsafeRawBufferPointer, isLast: Bool) -> [UInt8] {
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = UInt32(input.count)
        var out: [UInt8] = []
        let chunk = 16_384
        repeat {
            let piece = [UInt8](unsafeUninitializedCapacity: chunk) { buffer, count in
                stream.pointee.next_out = buffer.baseAddress
                stream.pointee.avail_out = UInt32(chunk)
                deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
                count = chunk - Int(stream.pointee.avail_out)
            }
            out += piece
        } while stream.pointee.avail_out == 0
        return out
    }
}
