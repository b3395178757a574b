/// Where something stands in a script, both counted from 1.
struct Position: Hashable, Sendable {
    var line: Int
    var column: Int

    func error(_ message: String) -> SieveError {
        SieveError(line: line, column: column, message: message)
    }
}

/// RFC 5228 §8.1.
struct Token {
    enum Kind: Equatable {
        /// A name of a command or test, in lower case.
        case identifier(String)
        /// A tag in lower case, without its colon.
        case tag(String)
        case number(Int)
        case string(Octets)
        case punctuation(UInt8)
        case end
    }

    var kind: Kind
    var position: Position

    /// The token as an error message names it.
    var description: String {
        switch kind {
        case .identifier(let name): "'\(name.prefix(40))'"
        case .tag(let name): "':\(name.prefix(40))'"
        case .number(let number): "the number \(number)"
        case .string(let text): "the string \(quoted(text))"
        case .punctuation(let byte): "'\(Character(Unicode.Scalar(byte)))'"
        case .end: "the end of the script"
        }
    }
}

/// A string as an error message shows it: on one line, and short.
func quoted(_ octets: Octets) -> String {
    let text = octets.prefix(80).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    let shown = text.unicodeScalars.prefix(40).map { $0.value < 0x20 || $0.value == 0x7F ? " " : String($0) }.joined()
    return octets.count > shown.utf8.count ? "\"\(shown)…\"" : "\"\(shown)\""
}
