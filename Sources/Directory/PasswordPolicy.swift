package import Formats

/// What a new password must be: at least 12 characters, and none of the obvious (mission §1).
package enum PasswordPolicy {
    package static let minimumLength = 12

    package enum Refusal: Error, Hashable, Sendable, CustomStringConvertible {
        case tooShort, tooLong, controlCharacter, containsAddress, repeated, common

        package var description: String {
            switch self {
            case .tooShort: "the password must have at least \(PasswordPolicy.minimumLength) characters"
            case .tooLong: "the password must have at most \(PasswordHash.maximumPasswordBytes) bytes"
            case .controlCharacter: "the password must not contain control characters"
            case .containsAddress: "the password must not be made of the address"
            case .repeated: "the password must not repeat one piece"
            case .common: "the password is one of the commonest"
            }
        }
    }

    package static func check(_ password: String, for address: MailAddress) throws(Refusal) {
        guard password.count >= minimumLength else { throw .tooShort }
        guard password.utf8.count <= PasswordHash.maximumPasswordBytes else { throw .tooLong }
        guard !password.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            throw .controlCharacter
        }
        let folded = password.lowercased()
        guard !isMadeOfAddress(folded, address) else { throw .containsAddress }
        guard !repeatsOnePiece(folded) else { throw .repeated }
        guard !isCommon(folded) else { throw .common }
    }

    /// Whether what is left after taking the address, its parts, digits and punctuation away is next to nothing.
    private static func isMadeOfAddress(_ folded: String, _ address: MailAddress) -> Bool {
        let localPart = address.localPart.lowercased()
        var rest = folded
        for piece in ["\(localPart)@\(address.domain.ascii)", address.domain.ascii, localPart] where piece.count > 2 {
            rest = rest.replacing(piece, with: "")
        }
        return rest.count < folded.count && rest.count(where: \.isLetter) < 4
    }

    /// `aaaaaaaaaaaa`, `abcabcabcabc`, `121212121212`.
    private static func repeatsOnePiece(_ folded: String) -> Bool {
        let characters = Array(folded)
        return (1...4).contains { length in
            characters.indices.allSatisfy { characters[$0] == characters[$0 % length] }
        }
    }

    /// A common word stays common with digits and signs around it, and so does a run along the keyboard or the alphabet.
    private static func isCommon(_ folded: String) -> Bool {
        if runs.contains(where: { $0.contains(folded) }) { return true }
        var core = folded.replacing("0", with: "o").replacing("3", with: "e").replacing("1", with: "i")
        core = core.replacing("@", with: "a").replacing("$", with: "s").replacing("5", with: "s")
        let cores = [folded, core].map { text in String(text.filter(\.isLetter)) }
        return cores.contains { words.contains($0) || isTwice($0) }
    }

    private static func isTwice(_ text: String) -> Bool {
        text.count % 2 == 0 && text.prefix(text.count / 2) == text.suffix(text.count / 2)
            && words.contains(String(text.prefix(text.count / 2)))
    }

    private static let runs = [
        "01234567890123456789", "98765432109876543210", "abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba",
        "qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm", "azertyuiopqsdfghjklmwxcvbn", "1qaz2wsx3edc4rfv5tgb",
        "1q2w3e4r5t6y7u8i9o0p", "qazwsxedcrfvtgbyhnujm",
    ]

    private static let words: Set<String> = [
        "password", "passwort", "motdepasse", "contrasena", "passwords", "mypassword", "newpassword", "thepassword",
        "passwordpassword", "changeme", "changeit", "letmein", "letmeinnow", "welcome", "welcomeback", "willkommen",
        "administrator", "adminadmin", "admin", "rootroot", "superuser", "iloveyou", "iloveyousomuch", "sunshine",
        "princess", "football", "baseball", "basketball", "superman", "batman", "starwars", "pokemon", "monkey", "dragon",
        "shadow", "master", "michael", "jennifer", "jordan", "hunter", "trustno", "whatever", "computer", "internet",
        "correcthorsebatterystaple", "qwerty", "qwertyuiop", "qwertz", "asdfghjkl", "azerty", "zxcvbnm", "secret",
        "topsecret", "default", "temporary", "testing", "testtest", "guest", "summer", "winter", "autumn", "spring",
        "mailportal", "webmail", "email", "abcdefghijkl", "abcabc", "hello", "helloworld", "mustang", "charlie",
    ]
}
