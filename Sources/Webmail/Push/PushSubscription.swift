internal import Directory
internal import JMAP
internal import MailStore

/// A client's wish to be told of changes by HTTP (RFC 8620 §7.2), as it lies in the account's records.
struct PushSubscription: Hashable, Sendable {
    let id: String
    /// The credential that it was made with: whoever shows that one sees it, and it ends with it.
    let credential: Credential
    let deviceClientId: String
    let url: String
    let keys: PushKeys?
    /// What the client has to show before anything but the code is sent.
    let code: String
    var isVerified: Bool
    /// Seconds since 1970; nil for as long as the credential lasts.
    var expires: Int?
    /// Nil for all.
    var types: [String]?

    static let kind = ChangeKind.pushSubscription
    /// Of an account.
    static let maximumCount = 32

    func isOver(now: Int64) -> Bool { expires.map { Int64($0) <= now } ?? false }

    /// A new one, to be verified.
    init(
        credential: Credential, deviceClientId: String, url: String, keys: PushKeys?, expires: Int?, types: [String]?
    ) {
        id = "W" + Self.random(count: 16)
        self.credential = credential
        self.deviceClientId = deviceClientId
        self.url = url
        self.keys = keys
        code = Self.random(count: 32)
        isVerified = false
        self.expires = expires
        self.types = types
    }

    private static func random(count: Int) -> String {
        let letters = Array("abcdefghijklmnopqrstuvwxyz234567")
        var generator = SystemRandomNumberGenerator()
        return String((0..<count).map { _ in letters[Int(generator.next(upperBound: UInt64(letters.count)))] })
    }

    // MARK: Record

    init?(_ id: String, _ json: JSONObject) {
        guard let credential = json["credential"]?.string.flatMap(Credential.init), let device = json["deviceClientId"]?.string,
            let url = json["url"]?.string, let code = json["code"]?.string
        else { return nil }
        self.id = id
        self.credential = credential
        deviceClientId = device
        self.url = url
        keys = json["keys"].flatMap(PushKeys.init)
        // Better none than one that is told everything in clear.
        guard keys != nil || json["keys"]?.isNull ?? true else { return nil }
        self.code = code
        isVerified = json["isVerified"] == true
        expires = json["expires"]?.int
        types = json["types"]?.strings
    }

    var record: JSONObject {
        [
            "credential": .string(credential.text), "deviceClientId": .string(deviceClientId), "url": .string(url),
            "keys": keys?.json ?? .null, "code": .string(code), "isVerified": .bool(isVerified), "expires": JSON(expires),
            "types": JSON(types),
        ]
    }

    /// What clients may see of it: neither `url` nor `keys`.
    var json: JSONObject {
        [
            "id": .string(id), "deviceClientId": .string(deviceClientId), "verificationCode": isVerified ? .string(code) : .null,
            "expires": expires.map { .string(UTCDate(seconds: $0).description) } ?? .null, "types": JSON(types),
        ]
    }
}

/// What somebody signed in with, as far as it can be told again: it names no secret.
package enum Credential: Hashable, Sendable {
    case session(String)
    /// The account's password, in the version that counts its changes.
    case password(version: Int64)

    init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return nil }
        switch parts[0] {
        case "session": self = .session(parts[1])
        case "password":
            guard let version = Int64(parts[1]) else { return nil }
            self = .password(version: version)
        default: return nil
        }
    }

    var text: String {
        switch self {
        case .session(let name): "session:\(name)"
        case .password(let version): "password:\(version)"
        }
    }

    /// Whether it ends by itself: then it, and not the subscription, says until when (RFC 8620 §7.2).
    var isTimeBound: Bool {
        switch self {
        case .session: true
        case .password: false
        }
    }

    /// Whether it still opens the account.
    func isValid(for account: Account, in directory: Directory) async -> Bool {
        switch self {
        case .password(let version): account.credentialVersion == version
        // What cannot be read now is not over.
        case .session(let name): (try? await directory.sessions.isLive(named: name)) ?? true
        }
    }
}
