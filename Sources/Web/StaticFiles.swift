internal import Crypto
internal import Glibc
internal import HTTPTypes
internal import Hummingbird
package import Logging
internal import NIOCore
internal import Synchronization

/// Files served as they are, from memory: with hashed ETags, and compressed once.
package final class StaticFiles: Sendable {
    /// A folder or file on disk, and the path under which it is served.
    package struct Mount: Sendable {
        package let prefix: String
        package let path: String

        /// - Parameters:
        ///   - prefix: `/` for a folder at the root, `/vendor/purify.js` for a single file
        ///   - path: on disk
        package init(prefix: String, path: String) {
            self.prefix = prefix
            self.path = path
        }
    }

    private let mounts: [Mount]
    private let isLive: Bool
    private let files = Mutex<[String: StaticFile]>([:])

    /// Reads all files of `mounts`. Blocks; call it at start.
    ///
    /// - Parameter isLive: look at the disk with every request, so that a changed file is seen at once: for development
    package init(_ mounts: [Mount], isLive: Bool = false, logger: Logger) {
        self.mounts = mounts
        self.isLive = isLive
        var loaded: [String: StaticFile] = [:]
        for mount in mounts {
            let paths = mount.prefix.hasSuffix("/") ? FileTree.files(in: mount.path) : [""]
            for path in paths {
                let served = mount.prefix + path
                let file = mount.path + (path.isEmpty ? "" : "/" + path)
                guard let content = StaticFile(reading: file, servedAs: served) else {
                    logger.warning("file cannot be served", metadata: ["file": "\(file)", "path": "\(served)"])
                    continue
                }
                loaded[served] = content
            }
        }
        let all = loaded
        files.withLock { $0 = all }
    }

    /// The file served at `path`, which has been checked (`RequestPath.canonical`).
    func file(at path: String) -> StaticFile? {
        let known = files.withLock { $0[path] }
        return isLive ? refreshed(known, at: path) : known
    }

    private func refreshed(_ known: StaticFile?, at path: String) -> StaticFile? {
        if let known, known.isCurrent { return known }
        guard let onDisk = location(of: path), let fresh = StaticFile(reading: onDisk, servedAs: path) else { return nil }
        files.withLock { $0[path] = fresh }
        return fresh
    }

    private func location(of path: String) -> String? {
        guard let decoded = PercentCoding.decode(path) else { return nil }
        if let mount = mounts.first(where: { $0.prefix == decoded }) { return mount.path }
        guard let mount = mounts.first(where: { $0.prefix.hasSuffix("/") && decoded.hasPrefix($0.prefix) }),
            decoded != mount.prefix, !decoded.split(separator: "/").contains(where: { $0.hasPrefix(".") })
        else { return nil }
        return mount.path + "/" + decoded.dropFirst(mount.prefix.count)
    }
}

/// One file in memory.
struct StaticFile: Sendable {
    private let content: ByteBuffer
    /// Where compression is worth it.
    private let compressed: ByteBuffer?
    private let headers: HTTPFields
    private let compressedHeaders: HTTPFields
    private let tag: String
    private let source: String
    private let stamp: FileTree.Stamp

    /// Nil where `source` is no readable file.
    init?(reading source: String, servedAs path: String) {
        guard let stamp = FileTree.stamp(of: source), let bytes = FileTree.read(source) else { return nil }
        self.source = source
        self.stamp = stamp
        let type = MediaTypes.type(ofPath: path)
        tag = SHA256.hash(data: bytes).prefix(12).map { String(UInt16($0) | 0x100, radix: 16).dropFirst() }.joined()
        content = ByteBuffer(bytes: bytes)
        let gzip = Compression.isWorthIt(type) && bytes.count > 256 ? Gzip.compress(bytes, level: 9) : nil
        compressed = gzip.flatMap { $0.count < bytes.count ? ByteBuffer(bytes: $0) : nil }
        var headers: HTTPFields = [.contentType: type, .cacheControl: "no-cache", .eTag: "\"\(tag)\""]
        if compressed != nil { headers[.vary] = "Accept-Encoding" }
        if path == "/message-frame.html" {
            headers[.contentSecurityPolicy] = SecurityHeaders.messageFramePolicy
        }
        self.headers = headers
        headers[.contentEncoding] = "gzip"
        headers[.eTag] = "\"\(tag)-gz\""
        compressedHeaders = headers
    }

    /// Whether the file on disk is still the one that was read.
    var isCurrent: Bool { FileTree.stamp(of: source) == stamp }

    func response(to request: Request) -> Response {
        guard request.method == .get || request.method == .head else {
            let allow: HTTPFields = [.allow: "GET, HEAD, OPTIONS"]
            if request.method == .options { return Response(status: .noContent, headers: allow) }
            return Problem(.methodNotAllowed, headers: allow).response
        }
        let useGzip = compressed != nil && Compression.isAccepted(by: request)
        var headers = useGzip ? compressedHeaders : self.headers
        if let wanted = request.headers[.ifNoneMatch], matches(wanted) {
            headers[.contentType] = nil
            headers[.contentEncoding] = nil
            return Response(status: .notModified, headers: headers)
        }
        let body = useGzip ? compressed ?? content : content
        guard request.method != .head else {
            headers[.contentLength] = String(body.readableBytes)
            return Response(status: .ok, headers: headers)
        }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: body))
    }

    /// A list of tags, each compared weakly; `*` matches anything.
    // RFC 9110 §13.1.2
    private func matches(_ ifNoneMatch: String) -> Bool {
        ifNoneMatch.split(separator: ",").contains { entry in
            var tag = entry.drop(while: { $0 == " " || $0 == "\t" })
            while tag.last == " " || tag.last == "\t" { tag.removeLast() }
            if tag == "*" { return true }
            if tag.hasPrefix("W/") { tag = tag.dropFirst(2) }
            return tag == "\"\(self.tag)\"" || tag == "\"\(self.tag)-gz\""
        }
    }
}

/// Reads folders and files of the disk; nothing here writes.
enum FileTree {
    struct Stamp: Hashable, Sendable {
        let size: Int64
        let seconds: Int64
        let nanoseconds: Int64
        let inode: UInt64
    }

    /// Paths of all files below `root`, relative to it; none that start with a dot.
    static func files(in root: String) -> [String] {
        var found: [String] = []
        var folders = [""]
        while let folder = folders.popLast() {
            guard let directory = opendir(root + "/" + folder) else { continue }
            defer { closedir(directory) }
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                guard !name.hasPrefix(".") else { continue }
                let path = folder.isEmpty ? name : folder + "/" + name
                var status = Glibc.stat()
                guard stat(root + "/" + path, &status) == 0 else { continue }
                if status.st_mode & S_IFMT == S_IFDIR { folders.append(path) } else { found.append(path) }
            }
        }
        return found.sorted()
    }

    static func stamp(of path: String) -> Stamp? {
        var status = Glibc.stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Stamp(
            size: Int64(status.st_size), seconds: Int64(status.st_mtim.tv_sec), nanoseconds: Int64(status.st_mtim.tv_nsec),
            inode: UInt64(status.st_ino))
    }

    static func read(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            guard count >= 0 else { return nil }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }
}

/// Media types of the files that a web app is made of.
enum MediaTypes {
    static func type(ofPath path: String) -> String {
        let name = path.split(separator: "/").last ?? ""
        let ending = name.lastIndex(of: ".").map { name[name.index(after: $0)...].lowercased() } ?? ""
        return types[ending] ?? "application/octet-stream"
    }

    private static let types = [
        "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "mjs": "text/javascript; charset=utf-8", "json": "application/json", "svg": "image/svg+xml", "png": "image/png",
        "jpg": "image/jpeg", "webp": "image/webp", "gif": "image/gif", "ico": "image/x-icon", "woff2": "font/woff2",
        "txt": "text/plain; charset=utf-8", "webmanifest": "application/manifest+json", "map": "application/json",
        "xml": "application/xml", "wasm": "application/wasm",
    ]
}
