/// A message file's name: `<unique>,S=<size>,T=<thread>:2,<flags>`.
///
/// What stands before the first comma or colon identifies the message for as long as it exists: flags and folders may
/// change, that does not. Other programs pass over `T`, the conversation the message belongs to.
struct MaildirName {
    /// The name as it is in the folder.
    let full: String
    /// Where, in octets, the unique part, the name without flags, and what comes before the letters end.
    private let uniqueEnd: Int
    private let baseEnd: Int
    private let infoEnd: Int

    /// Nil for names that are no messages (hidden files).
    init?(_ full: String) {
        var full = full
        let ends = full.withUTF8 { text -> (unique: Int, base: Int, info: Int)? in
            guard let first = text.first, first != UInt8(ascii: ".") else { return nil }
            let base = text.firstIndex(of: UInt8(ascii: ":")) ?? text.count
            let unique = text[..<base].firstIndex(of: UInt8(ascii: ",")) ?? base
            let hasLetters = text.count >= base + 3 && text[base + 1] == UInt8(ascii: "2") && text[base + 2] == UInt8(ascii: ",")
            return unique == 0 ? nil : (unique, base, hasLetters ? base + 3 : text.count)
        }
        guard let ends else { return nil }
        self.full = full
        (uniqueEnd, baseEnd, infoEnd) = ends
    }

    /// The name without flags.
    var base: Substring { full[..<index(baseEnd)] }
    /// The part that never changes.
    var unique: Substring { full[..<index(uniqueEnd)] }
    /// The letters after `:2,`, in the order found; empty in `new`.
    var letters: Substring { full[index(infoEnd)...] }

    private func index(_ offset: Int) -> String.Index { full.utf8.index(full.startIndex, offsetBy: offset) }

    /// The number behind the email's id.
    var key: Int64 { StableHash.of("email", unique) }

    /// The conversation that the name states, if it does.
    var thread: Int64? {
        // Files of other programs mostly have no more than a size.
        guard baseEnd > uniqueEnd, full.utf8.contains(UInt8(ascii: "T")) else { return nil }
        for field in base.split(separator: ",").dropFirst() where field.utf8.starts(with: "T=".utf8) {
            return Base32.decode(field.dropFirst(2))
        }
        return nil
    }

    /// `\Deleted`: hidden until another program expunges it (RFC 8621 §4.1.1).
    var isDeleted: Bool { infoEnd < full.utf8.count && letters.utf8.contains(UInt8(ascii: "T")) }
}

#if canImport(Glibc)
import Glibc
#endif
import Synchronization

/// Makes names that no other process and no other moment makes.
enum UniqueName {
    private static let counter = Atomic<Int>(0)
    private static let host: String = {
        var buffer = [CChar](repeating: 0, count: 256)
        gethostname(&buffer, 255)
        let name = buffer.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        let safe = name.utf8.prefix(64).map { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."): byte
            default: UInt8(ascii: "-")
            }
        }
        return safe.isEmpty ? "localhost" : String(decoding: safe, as: UTF8.self)
    }()

    static func next() -> String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let count = counter.add(1, ordering: .relaxed).newValue
        return "\(time.tv_sec).M\(time.tv_nsec / 1000)P\(getpid())Q\(count).\(host)"
    }

    /// The base name of a message of that size in that conversation.
    static func base(unique: String, size: Int, thread: Int64) -> String {
        "\(unique),S=\(size),T=\(Base32.encode(thread))"
    }
}
