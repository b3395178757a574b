package import Disk

/// A Sieve script's id; kept in the account's records, so that a renamed or rewritten script keeps it.
package struct ScriptID: RawRepresentable, Hashable, Sendable {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    /// The id of a script whose file has this name and no record yet.
    init(file: String, salt: String = "") {
        rawValue = "V" + Base32.encode(StableHash.of("script", file, salt))
    }
}

/// A Sieve script of an account (RFC 9661 §2).
package struct Script: Hashable, Sendable {
    package let id: ScriptID
    package let name: String
    /// It runs at each delivery: at most one of an account.
    package let isActive: Bool
    /// Changes with the content.
    package let blobId: BlobID
}

/// Why a script was not written; JMAP names each.
package enum ScriptError: Error, Hashable, Sendable {
    case notFound
    /// Empty, longer than `ScriptLimits.maximumName`, or with characters that no name may hold.
    case invalidName
    /// Another script has the name: its id.
    case alreadyExists(ScriptID)
    /// The account has `ScriptLimits.maximumCount` scripts.
    case tooMany
    /// Longer than `ScriptLimits.maximumSize`.
    case tooLarge
    /// It is active, and may not be destroyed (RFC 9661 §2.4).
    case isActive
    case store(StoreError)
}

/// What the scripts of an account are bounded by.
package enum ScriptLimits {
    /// Octets of a name. RFC 9661 §1.3: at least 512.
    package static let maximumName = 512
    /// Octets of a script.
    package static let maximumSize = 131_072
    package static let maximumCount = 100
}

/// What a script's file cannot say about itself: the record `records/SieveScript/<id>.json`, and what the index repeats.
struct ScriptRecord: Codable, Hashable {
    var name: String
    /// In `sieve/`.
    var file: String
    /// The name that the file has until it is renamed to `file`: set while a rename is under way.
    var renamedFrom: String?
    /// Of the content.
    var hash: String
    /// The file's time, in nanoseconds, when the hash was taken.
    var modified: Int64
    var isActive: Bool

    func script(_ id: ScriptID) -> Script {
        Script(id: id, name: name, isActive: isActive, blobId: .script(id, hash: hash))
    }
}

/// The folder `sieve/` of an account: `<name>.sieve` for each script, and the link `active` to the one that runs.
///
/// A script exists if its file does, whoever wrote it; it is active if the link leads to it.
struct ScriptFiles {
    let folder: String

    static let suffix = ".sieve"
    private static let activeLink = "active"
    private static let longestFile = 200

    /// The files of all scripts, in order; none when there is no folder. What cannot be read now is not gone: then it throws.
    func names() throws(StoreError) -> [String] {
        let names: [String]
        do { names = try Folder.names(folder) } catch .notFound { return [] }
        return names.filter { $0.hasSuffix(Self.suffix) && !$0.hasPrefix(".") }.sorted()
    }

    func path(_ file: String) -> String { folder + "/" + file }

    func modified(_ file: String) -> Int64? { DiskFile.status(path(file))?.modified }

    /// What the link names, whether it is there or not.
    func linked() -> String? { SymbolicLink.target(path(Self.activeLink)) }

    /// The file that runs; nil when none is active, or the link leads nowhere or out of the folder.
    func active() -> String? {
        guard let target = linked(), !target.utf8.contains(UInt8(ascii: "/")),
            target.hasSuffix(Self.suffix), modified(target) != nil
        else { return nil }
        return target
    }

    func activate(_ file: String?) throws(StoreError) {
        if let file { return try SymbolicLink.point(path(Self.activeLink), at: file) }
        guard linked() != nil else { return }
        try DiskFile.remove(path(Self.activeLink))
        try Folder.sync(folder)
    }

    /// The content of a script's file; nil when there is none or it is larger than any script may be.
    func content(_ file: String) throws(StoreError) -> [UInt8]? {
        do {
            let open = try OpenFile(path: path(file))
            return open.size <= ScriptLimits.maximumSize ? try open.read() : nil
        } catch {
            guard error == .notFound else { throw error }
            return nil
        }
    }

    // MARK: Names

    /// A file name for a script of that name, unlike those taken: the name itself, as far as a file can have it.
    static func file(named name: String, taken: Set<String>) -> String {
        var stem = ""
        for character in name {
            let text = character.unicodeScalars.allSatisfy(isPlain) ? String(character) : escaped(character)
            guard stem.utf8.count + text.utf8.count <= longestFile else { break }
            stem += text
        }
        if stem.hasPrefix(".") { stem = "%2E" + stem.dropFirst() }
        var file = stem + suffix
        var number = 2
        while taken.contains(file) {
            file = "\(stem)~\(number)\(suffix)"
            number += 1
        }
        return file
    }

    /// The script's name that a file's says.
    static func name(of file: String) -> String {
        var bytes: [UInt8] = []
        var rest = file.dropLast(suffix.count).utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), rest.count >= 2 {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value >= 0x20 && scalar != "/" && scalar != "%" && scalar != "\\" && !(0x7F...0x9F).contains(scalar.value)
    }

    private static func escaped(_ character: Character) -> String {
        String(character).utf8.map { byte in
            "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }

    /// Whether a script may have the name: 1 to 512 octets without control characters and line separators (RFC 9661 §2).
    static func isAllowed(_ name: String) -> Bool {
        (1...ScriptLimits.maximumName).contains(name.utf8.count)
            && name.unicodeScalars.allSatisfy { scalar in
                scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value) && scalar.value != 0x2028 && scalar.value != 0x2029
            }
    }
}
