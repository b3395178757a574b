package import Hummingbird

/// Brings the path of a request into the one form that the routes match, or refuses it.
enum RequestPath {
    /// The path with escapes of unreserved characters undone, so that each path has one spelling. Throws 400 for what no honest client sends: malformed escapes, NUL, `.` and `..` however written,
    /// a backslash, and a slash hidden in an escape. (Only the last segment of a download, which is a mere file name, may hide one.)
    static func canonical(_ path: String) throws(Problem) -> String {
        guard path.utf8.first == UInt8(ascii: "/"), path.utf8.count <= 8192 else { throw refusal }
        // The fast path: nothing to decode and no dot at the start of a segment.
        if !path.utf8.contains(UInt8(ascii: "%")), !path.contains("/."), !path.contains("\\") { return path }
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for (index, segment) in segments.enumerated() {
            guard let decoded = PercentCoding.decode(segment) else { throw refusal }
            guard decoded != ".", decoded != "..", !decoded.utf8.contains(0) else { throw refusal }
            let isFileName = index == segments.count - 1 && path.hasPrefix("/jmap/download/")
            if !isFileName, decoded.contains("/") || decoded.contains("\\") { throw refusal }
        }
        return undoNeedlessEscapes(path)
    }

    // RFC 3986 §6.2.2.2
    private static func undoNeedlessEscapes(_ path: String) -> String {
        let pieces = path.split(separator: "%", omittingEmptySubsequences: false)
        return pieces.dropFirst().reduce(into: String(pieces[0])) { result, piece in
            let byte = UInt8(piece.prefix(2), radix: 16) ?? 0
            let character = Character(UnicodeScalar(byte))
            if character.isASCII, character.isLetter || character.isNumber || "-._~".contains(character) {
                result += String(character) + piece.dropFirst(2)
            } else {
                result += "%" + piece
            }
        }
    }

    private static let refusal = Problem(.badRequest, code: "badPath", detail: "The path is malformed.")
}

extension Request {
    /// The parameters of the query with `%XX` and `+` decoded, in order; those that do not decode are left out.
    package var queryItems: [(name: String, value: String)] {
        (uri.query ?? "").split(separator: "&").compactMap { item in
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentCoding.decode(parts[0], plusIsSpace: true) else { return nil }
            guard let value = PercentCoding.decode(parts.count > 1 ? parts[1] : "", plusIsSpace: true) else { return nil }
            return (name, value)
        }
    }

    /// The first parameter of that name.
    package func query(_ name: String) -> String? { queryItems.first { $0.name == name }?.value }
}
