import Crypto

/// Sixty-four bits of SHA-256: the numbers behind ids, the same on every machine and in every version.
enum StableHash {
    /// Hashes the parts with a separator between, so that ("ab", "c") is not ("a", "bc").
    static func of(_ purpose: StaticString, _ parts: any StringProtocol...) -> Int64 {
        var hash = SHA256()
        purpose.withUTF8Buffer { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
        for part in parts {
            withUnsafeBytes(of: UInt8(0)) { hash.update(bufferPointer: $0) }
            update(&hash, part)
        }
        return number(hash.finalize())
    }

    private static func update(_ hash: inout SHA256, _ part: some StringProtocol) {
        let isDone: Void? = part.utf8.withContiguousStorageIfAvailable { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
        if isDone == nil { hash.update(data: Array(part.utf8)) }
    }

    /// The whole hash of some bytes, as the name of an upload.
    static func name(of bytes: [UInt8]) -> String {
        var hash = ByteHash()
        hash.add(bytes)
        return hash.name
    }

    private static func number(_ digest: SHA256.Digest) -> Int64 {
        digest.withUnsafeBytes { Int64(bitPattern: UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self))) }
    }
}

/// The hash that names an upload, made of its bytes a piece at a time: the same as `StableHash.name(of:)`.
struct ByteHash {
    private var hash = SHA256()

    mutating func add(_ bytes: [UInt8]) { bytes.withUnsafeBytes { hash.update(bufferPointer: $0) } }

    var name: String { Base32.encode(bytes: Array(hash.finalize()).prefix(20)) }
}
