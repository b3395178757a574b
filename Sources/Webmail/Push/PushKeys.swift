internal import Crypto
internal import FoundationEssentials
internal import JMAP

/// A client's keys, and the encryption with them: Message Encryption for Web Push (RFC 8291) in `aes128gcm` (RFC 8188).
struct PushKeys: Hashable, Sendable {
    /// An uncompressed point of P-256: 65 octets.
    let p256dh: [UInt8]
    /// Sixteen octets.
    let auth: [UInt8]

    init?(_ json: JSON) {
        guard let object = json.object, object.count == 2,
            let point = object["p256dh"]?.string.flatMap(Base64URL.decode), let auth = object["auth"]?.string.flatMap(Base64URL.decode),
            auth.count == 16, (try? P256.KeyAgreement.PublicKey(x963Representation: point)) != nil
        else { return nil }
        p256dh = point
        self.auth = auth
    }

    var json: JSON { ["p256dh": .string(Base64URL.encode(p256dh)), "auth": .string(Base64URL.encode(auth))] }

    /// Octets of a record: more than any notice of ours has.
    private static let recordSize = 4096
    /// What fits into one record beside its delimiter and the tag.
    static let maximumText = recordSize - 17

    /// The body of a request that only the client can read.
    func encrypt(_ text: [UInt8]) throws -> [UInt8] {
        try encrypt(text, salt: (0..<16).map { _ in UInt8.random(in: .min ... .max) }, with: P256.KeyAgreement.PrivateKey())
    }

    /// - Parameter key: ours, made for this message alone.
    func encrypt(_ text: [UInt8], salt: [UInt8], with key: P256.KeyAgreement.PrivateKey) throws -> [UInt8] {
        let client = try P256.KeyAgreement.PublicKey(x963Representation: p256dh)
        let own = Array(key.publicKey.x963Representation)
        let secret = try key.sharedSecretFromKeyAgreement(with: client)
        // RFC 8291 §3.4: the authentication secret goes in first; RFC 8188 §2.2 and §2.3: then key and nonce by the salt.
        let info = Array("WebPush: info".utf8) + [0] + p256dh + own
        let material = secret.hkdfDerivedSymmetricKey(using: SHA256.self, salt: auth, sharedInfo: info, outputByteCount: 32)
        let content = Self.derive(material, salt, "Content-Encoding: aes128gcm", count: 16)
        let nonce = Self.derive(material, salt, "Content-Encoding: nonce", count: 12)
        let sealed = try AES.GCM.seal(
            // The delimiter of the last record, and no padding.
            text + [2], using: content, nonce: AES.GCM.Nonce(data: nonce.withUnsafeBytes { Array($0) }))
        let size = UInt32(Self.recordSize)
        let header = salt + [UInt8(size >> 24), UInt8(size >> 16 & 255), UInt8(size >> 8 & 255), UInt8(size & 255), UInt8(own.count)]
        return header + own + Array(sealed.ciphertext) + Array(sealed.tag)
    }

    private static func derive(_ material: SymmetricKey, _ salt: [UInt8], _ label: String, count: Int) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(inputKeyMaterial: material, salt: salt, info: Array(label.utf8) + [0], outputByteCount: count)
    }
}

/// Base64 with the URL-safe alphabet (RFC 4648 §5); padding may be there or not.
enum Base64URL {
    static func decode(_ text: String) -> [UInt8]? {
        guard text.utf8.count <= 1024, text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "/") }) else { return nil }
        var plain = text.replacing("-", with: "+").replacing("_", with: "/")
        while plain.hasSuffix("=") { plain.removeLast() }
        plain += String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4)
        return Data(base64Encoded: plain).map { Array($0) }
    }

    static func encode(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
