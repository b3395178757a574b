/// A string of a script, with the variables in it found once: RFC 5229 §3.
enum Template: Sendable {
    case constant(Octets)
    case parts([Part])

    enum Part: Sendable {
        case literal(Octets)
        /// A named variable, by its place among those of the script.
        case variable(Int)
        /// `${1}`: what a wildcard matched.
        case match(Int)
    }

    /// The string, if it is the same in every run.
    var constant: Octets? {
        guard case .constant(let octets) = self else { return nil }
        return octets
    }
}

/// The variables of a script: their names, each at its place.
struct VariableNames {
    private(set) var count = 0
    private var places: [String: Int] = [:]
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// The place of `name`, a new one if need be; nil when there are too many.
    mutating func place(of name: String) -> Int? {
        if let place = places[name] { return place }
        guard count < limit else { return nil }
        defer { count += 1 }
        places[name] = count
        return count
    }
}

/// Finds `${…}` in strings.
enum Interpolation {
    /// The highest `${n}` that can hold something.
    static let maximumMatch = 31

    /// What stands between `${` and `}` at `index`, and the index after it.
    static func reference(in octets: Octets, at index: Int) -> (body: ArraySlice<UInt8>, end: Int)? {
        guard index + 3 < octets.count, octets[index] == UInt8(ascii: "$"), octets[index + 1] == UInt8(ascii: "{") else { return nil }
        var end = index + 2
        while end < octets.count, octets[end] != UInt8(ascii: "}") {
            // Another one begins within: this one is none.
            if octets[end] == UInt8(ascii: "{") { return nil }
            end += 1
        }
        guard end < octets.count else { return nil }
        return (octets[(index + 2)..<end], end + 1)
    }

    enum Name: Equatable {
        case variable(String)
        case match(Int)
        /// With a namespace: valid, and unknown to us.
        case namespaced(String)
    }

    /// A variable's name, or nil if it is none (then the text stays as it is).
    static func name(_ body: ArraySlice<UInt8>) -> Name? {
        guard let first = body.first else { return nil }
        if first.isDigit {
            guard body.allSatisfy(\.isDigit) else { return nil }
            // Leading zeros mean nothing; a number that is out of reach stands for nothing.
            let digits = body.drop { $0 == 0x30 }
            return .match(digits.count > 4 ? 9999 : digits.reduce(0) { $0 * 10 + Int($1 - 0x30) })
        }
        let parts = body.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard let head = parts.first, isIdentifier(head) else { return nil }
        if parts.count == 1 { return .variable(Octets(head).folded.text) }
        guard parts.dropFirst().allSatisfy({ isIdentifier($0) || !$0.isEmpty && $0.allSatisfy(\.isDigit) }) else { return nil }
        return .namespaced(Octets(head).folded.text)
    }

    private static func isIdentifier(_ part: ArraySlice<UInt8>) -> Bool {
        guard let first = part.first, first.isLetter || first == UInt8(ascii: "_") else { return false }
        return part.allSatisfy(\.isNameCharacter)
    }
}

/// `${hex:…}` and `${unicode:…}`: RFC 5228 §2.4.2.4.
enum EncodedCharacters {
    /// The string decoded; nil when a well-formed `${unicode:…}` names no character.
    static func decode(_ octets: Octets) -> Octets? {
        guard octets.contains(UInt8(ascii: "$")) else { return octets }
        var output: Octets = []
        var index = 0
        while index < octets.count {
            guard let (body, end) = Interpolation.reference(in: octets, at: index), let decoded = decodeBody(body) else {
                output.append(octets[index])
                index += 1
                continue
            }
            guard let decoded else { return nil }
            output += decoded
            index = end
        }
        return output
    }

    /// Nil: not encoded characters. `.some(nil)`: well-formed, but no character.
    private static func decodeBody(_ body: ArraySlice<UInt8>) -> Octets?? {
        guard let colon = body.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let words = body[(colon + 1)...].split(whereSeparator: \.isSpace)
        guard !words.isEmpty, words.allSatisfy({ $0.allSatisfy { $0.hexValue != nil } }) else { return nil }
        switch Octets(body[..<colon]).folded.text {
        case "hex":
            guard words.allSatisfy({ $0.count <= 2 }) else { return nil }
            return words.map { UInt8(value($0)) }
        case "unicode":
            var output: Octets = []
            for word in words {
                guard let scalar = Unicode.Scalar(value(word)) else { return .some(nil) }
                output += Octets(String(scalar).utf8)
            }
            return output
        default: return nil
        }
    }

    private static func value(_ word: ArraySlice<UInt8>) -> UInt32 {
        let digits = word.drop { $0 == 0x30 }
        return digits.count > 7 ? .max : digits.reduce(0) { $0 << 4 | UInt32($1.hexValue ?? 0) }
    }
}
