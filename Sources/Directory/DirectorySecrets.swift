internal import Crypto
internal import Disk
internal import FoundationEssentials
internal import Synchronization

/// Encrypts what the directory must be able to read again (passwords for other servers), with a key that lies beside the
/// database: a stolen copy of `directory.sqlite` alone gives nothing away.
///
/// AES-256-GCM; each secret is bound to what it belongs to, so that it cannot be moved to another row.
final class DirectorySecrets: Sendable {
    private let path: String
    private let key = Mutex<SymmetricKey?>(nil)

    /// - Parameter path: the key's file, made when the first secret is kept
    init(keyFile path: String) { self.path = path }

    func seal(_ secret: String, for owner: String) throws(StoreError) -> [UInt8] {
        let key = try key(making: true)
        do {
            let box = try AES.GCM.seal(Array(secret.utf8), using: key, authenticating: Array(owner.utf8))
            return Array(box.nonce) + Array(box.ciphertext) + Array(box.tag)
        } catch {
            throw .unavailable(reason: "a secret cannot be encrypted: \(error)")
        }
    }

    func open(_ sealed: [UInt8], for owner: String) throws(StoreError) -> String {
        let key = try key(making: false)
        do {
            let box = try AES.GCM.SealedBox(combined: sealed)
            return String(decoding: try AES.GCM.open(box, using: key, authenticating: Array(owner.utf8)), as: UTF8.self)
        } catch {
            throw .unavailable(reason: "the secret of \(owner) cannot be decrypted with \(path)")
        }
    }

    private func key(making: Bool) throws(StoreError) -> SymmetricKey {
        if let known = key.withLock({ $0 }) { return known }
        if making, !DiskFile.exists(path) { try makeKey() }
        guard let bytes = try DiskFile.contents(path), bytes.count == 32 else {
            throw .unavailable(reason: "the key \(path) is missing or damaged")
        }
        let found = SymmetricKey(data: bytes)
        key.withLock { $0 = found }
        return found
    }

    /// Linked into place: of two processes that make one at the same time, the first wins, and both use its key.
    private func makeKey() throws(StoreError) {
        let bytes = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
        let temporary = "\(path).\(AccountID.random())"
        try AtomicFile.write(bytes, to: temporary)
        defer { try? DiskFile.remove(temporary) }
        do { try DiskFile.link(temporary, as: path) } catch {
            guard error == .alreadyExists else { throw error }
        }
        try Folder.sync(Folder.parent(of: path))
    }
}
