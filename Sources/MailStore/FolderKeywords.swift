import Disk

/// The letters a…z of one folder's keywords, as in Dovecot's `dovecot-keywords`: lines of `<number> <keyword>`.
struct FolderKeywords {
    /// By number 0…25, as written by whoever added it; nil where a number is unused.
    private(set) var names: [String?]
    private(set) var isChanged = false

    static let fileName = "dovecot-keywords"

    init(parsing bytes: [UInt8]) {
        names = []
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 1)
            guard fields.count == 2, let number = Int(String(decoding: fields[0], as: UTF8.self)),
                (0..<26).contains(number)
            else { continue }
            while names.count <= number { names.append(nil) }
            names[number] = String(decoding: fields[1], as: UTF8.self)
        }
    }

    init(folder path: String) throws(StoreError) {
        self.init(parsing: try DiskFile.contents(path + "/" + FolderKeywords.fileName) ?? [])
    }

    /// The file's content.
    var bytes: [UInt8] {
        var text = ""
        for (number, name) in names.enumerated() {
            if let name { text += "\(number) \(name)\n" }
        }
        return Array(text.utf8)
    }

    /// The keyword behind a letter, lower case.
    func keyword(_ letter: UInt8) -> Keyword? {
        let number = Int(letter) - 0x61
        guard names.indices.contains(number), let name = names[number] else { return nil }
        return Keyword(rawValue: name)
    }

    /// The keyword's letter; takes the next free one if it has none, nil when all 26 are in use.
    mutating func letter(_ keyword: String) -> UInt8? {
        if let number = names.firstIndex(where: { $0?.lowercased() == keyword }) { return UInt8(0x61 + number) }
        let number = names.firstIndex { $0 == nil } ?? names.count
        guard number < 26 else { return nil }
        if number == names.count { names.append(keyword) } else { names[number] = keyword }
        isChanged = true
        return UInt8(0x61 + number)
    }

    mutating func markWritten() { isChanged = false }

    // MARK: Letters of a file name

    /// The flags that a file name's letters mean in this folder, and the letters that we do not know and keep.
    func flags(_ letters: Substring, extra: [String]) -> EmailFlags {
        var flags = EmailFlags()
        var others: [String] = extra
        for letter in letters.utf8 {
            switch letter {
            case UInt8(ascii: "S"): flags.bits |= EmailFlags.seen
            case UInt8(ascii: "R"): flags.bits |= EmailFlags.answered
            case UInt8(ascii: "F"): flags.bits |= EmailFlags.flagged
            case UInt8(ascii: "D"): flags.bits |= EmailFlags.draft
            case UInt8(ascii: "P"): flags.bits |= EmailFlags.forwarded
            case 0x61...0x7A:
                guard let keyword = keyword(letter) else { continue }
                if let bit = EmailFlags.bit(of: keyword) {
                    flags.bits |= bit
                } else if !others.contains(keyword.rawValue) {
                    others.append(keyword.rawValue)
                }
            default: continue
            }
        }
        flags.others = others.count > 1 ? Set(others).sorted() : others
        return flags
    }

    /// The letters for `flags`, in ASCII order, with those of `old` that mean nothing to us; `spilled` are the keywords
    /// for which no letter is left.
    mutating func letters(_ flags: EmailFlags, old: Substring) -> (letters: String, spilled: [String]) {
        var letters = Set<UInt8>()
        if flags.bits & EmailFlags.seen != 0 { letters.insert(UInt8(ascii: "S")) }
        if flags.bits & EmailFlags.answered != 0 { letters.insert(UInt8(ascii: "R")) }
        if flags.bits & EmailFlags.flagged != 0 { letters.insert(UInt8(ascii: "F")) }
        if flags.bits & EmailFlags.draft != 0 { letters.insert(UInt8(ascii: "D")) }
        var spilled: [String] = []
        // Dovecot shows its users the keyword, not the letter P: write it as the keyword where that is possible.
        if flags.bits & EmailFlags.forwarded != 0 {
            letters.insert(letter(Keyword.forwarded.rawValue) ?? UInt8(ascii: "P"))
        }
        for keyword in flags.others {
            if let letter = letter(keyword) { letters.insert(letter) } else { spilled.append(keyword) }
        }
        for letter in old.utf8 where !"DFPRST".utf8.contains(letter) && !(0x61...0x7A).contains(letter) {
            letters.insert(letter)
        }
        return (String(decoding: letters.sorted(), as: UTF8.self), spilled)
    }
}
