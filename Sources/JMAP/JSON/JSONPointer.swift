/// A JSON Pointer (RFC 6901): its reference tokens, unescaped.
package struct JSONPointer: Hashable, Sendable {
    package let tokens: [String]

    package init(tokens: [String]) { self.tokens = tokens }

    /// Reads `/a/b~1c`; nil when it neither is empty nor starts with a slash, or has a `~` that escapes nothing.
    package init?(parsing text: String) {
        if text.isEmpty {
            tokens = []
            return
        }
        guard text.utf8.first == UInt8(ascii: "/") else { return nil }
        var tokens: [String] = []
        for part in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            guard let token = Self.unescape(part) else { return nil }
            tokens.append(token)
        }
        self.tokens = tokens
    }

    private static func unescape(_ part: Substring) -> String? {
        guard part.utf8.contains(UInt8(ascii: "~")) else { return String(part) }
        var result = ""
        var iterator = part.unicodeScalars.makeIterator()
        while let scalar = iterator.next() {
            guard scalar == "~" else {
                result.unicodeScalars.append(scalar)
                continue
            }
            switch iterator.next() {
            case "0": result.append("~")
            case "1": result.append("/")
            default: return nil
            }
        }
        return result
    }

    /// The value that this points to in `root`, or nil.
    ///
    /// With `*` on an array the rest is applied to every item, and results that are arrays are flattened by one level
    /// (RFC 8620 §3.7). One item that does not resolve fails the whole.
    package func resolve(in root: JSON) -> JSON? { Self.resolve(tokens[...], in: root) }

    private static func resolve(_ tokens: ArraySlice<String>, in value: JSON) -> JSON? {
        guard let token = tokens.first else { return value }
        let rest = tokens.dropFirst()
        switch value {
        case .object(let object):
            return object[token].flatMap { resolve(rest, in: $0) }
        case .array(let items) where token == "*":
            var mapped: [JSON] = []
            for item in items {
                guard let result = resolve(rest, in: item) else { return nil }
                if case .array(let inner) = result { mapped += inner } else { mapped.append(result) }
            }
            return .array(mapped)
        case .array(let items):
            guard let index = arrayIndex(token), index < items.count else { return nil }
            return resolve(rest, in: items[index])
        default: return nil
        }
    }

    /// RFC 6901 §4: digits without a leading zero.
    private static func arrayIndex(_ token: String) -> Int? {
        guard !token.isEmpty, token.utf8.count <= 9, token.utf8.allSatisfy({ 0x30...0x39 ~= $0 }),
            token == "0" || token.utf8.first != 0x30
        else { return nil }
        return Int(token)
    }
}
