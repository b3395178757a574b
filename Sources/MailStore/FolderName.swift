/// A Maildir++ folder's name on disk and the mailbox names in it: `.Lists.Swift` is ["Lists", "Swift"], "" is the inbox.
struct FolderName: Hashable {
    /// The directory's name below the Maildir; empty for the inbox.
    let raw: String

    static let inbox = FolderName(raw: "")

    init(raw: String) { self.raw = raw }

    /// A folder found on disk; nil when the name is not one of Maildir++.
    init?(directory: String) {
        guard directory.utf8.count >= 2, directory.utf8.first == UInt8(ascii: "."),
            !zip(directory.utf8, directory.utf8.dropFirst()).contains(where: { $0 == UInt8(ascii: ".") && $1 == $0 }),
            directory.utf8.last != UInt8(ascii: ".")
        else { return nil }
        raw = directory
    }

    /// The folder named `name` below `parent`; nil when the file system cannot hold it. Children of the inbox are `.INBOX.x`.
    init?(parent: FolderName?, name: String) {
        let above: String =
            switch parent {
            case nil: ""
            case FolderName.inbox?: ".INBOX"
            case let folder?: folder.raw
            }
        let raw = above + "." + ModifiedUTF7.encode(name)
        guard raw.utf8.count <= 240, !name.isEmpty else { return nil }
        self.raw = raw
    }

    /// The last component, decoded.
    var name: String {
        guard let dot = raw.utf8.lastIndex(of: UInt8(ascii: ".")) else { return "Inbox" }
        return ModifiedUTF7.decode(raw[raw.utf8.index(after: dot)...])
    }

    /// The folder above; nil at the top.
    var parent: FolderName? {
        guard let dot = raw.utf8.lastIndex(of: UInt8(ascii: ".")), dot != raw.startIndex else { return nil }
        let above = String(raw[..<dot])
        return above.uppercased() == ".INBOX" ? .inbox : FolderName(raw: above)
    }

    /// The same folder after `old` became `new`, if it is `old` or below it.
    func replacing(_ old: FolderName, with new: FolderName) -> FolderName? {
        if self == old { return new }
        guard raw.hasPrefix(old.raw + ".") else { return nil }
        return FolderName(raw: new.raw + raw.dropFirst(old.raw.count))
    }
}

/// The encoding of mailbox names in IMAP and on disk (RFC 3501 §5.1.3). Dots and slashes are encoded too: one separates
/// levels, the other folders.
enum ModifiedUTF7 {
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,".utf8)

    static func encode(_ name: String) -> String {
        var text: [UInt8] = []
        var pending: [UInt16] = []
        func flush() {
            guard !pending.isEmpty else { return }
            text.append(UInt8(ascii: "&"))
            var bits = 0
            var value: UInt32 = 0
            for unit in pending {
                value = value << 16 | UInt32(unit)
                bits += 16
                while bits >= 6 {
                    bits -= 6
                    text.append(digits[Int(value >> UInt32(bits)) & 63])
                }
                value &= (1 << UInt32(bits)) - 1
            }
            if bits > 0 { text.append(digits[Int(value << UInt32(6 - bits)) & 63]) }
            text.append(UInt8(ascii: "-"))
            pending = []
        }
        for unit in name.utf16 {
            let isPlain = (0x20...0x7E).contains(unit) && unit != 0x2E && unit != 0x2F
            if !isPlain {
                pending.append(unit)
                continue
            }
            flush()
            text.append(UInt8(unit))
            if unit == 0x26 { text.append(UInt8(ascii: "-")) }
        }
        flush()
        return String(decoding: text, as: UTF8.self)
    }

    /// Best effort: what is no valid encoding stays as it is.
    static func decode(_ text: some StringProtocol) -> String {
        let bytes = Array(text.utf8)
        var units: [UInt16] = []
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "&"), let end = bytes[index...].firstIndex(of: UInt8(ascii: "-")) else {
                // Names in plain UTF-8 occur (Dovecot with UTF-8 names): take them as they are.
                let rest = bytes[index...]
                let next = rest.dropFirst().firstIndex(of: UInt8(ascii: "&")) ?? bytes.count
                units += Array(String(decoding: bytes[index..<next], as: UTF8.self).utf16)
                index = next
                continue
            }
            if end == index + 1 {
                units.append(0x26)
            } else if let decoded = decodeShifted(bytes[(index + 1)..<end]) {
                units += decoded
            } else {
                units += bytes[index...end].map(UInt16.init)
            }
            index = end + 1
        }
        return String(decoding: units, as: UTF16.self)
    }

    private static func decodeShifted(_ bytes: ArraySlice<UInt8>) -> [UInt16]? {
        var units: [UInt16] = []
        var value: UInt32 = 0
        var bits = 0
        for byte in bytes {
            guard let digit = digits.firstIndex(of: byte) else { return nil }
            value = value << 6 | UInt32(digit)
            bits += 6
            if bits >= 16 {
                bits -= 16
                units.append(UInt16(truncatingIfNeeded: value >> UInt32(bits)))
                value &= (1 << UInt32(bits)) - 1
            }
        }
        return bits < 6 && value == 0 ? units : nil
    }
}
