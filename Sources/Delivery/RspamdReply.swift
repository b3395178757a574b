internal import FoundationEssentials

/// rspamd's answer to a scan, as far as it is believed: a score, and the symbols that made it.
///
/// It is foreign input. A score must be there and be a number; all else may be missing or odd. Its `action` is not ours to obey.
struct RspamdReply: Sendable {
    /// Octets; a longer answer is not read.
    static let maximumSize = 1 << 20
    private static let maximumSymbols = 500

    let score: SpamScore

    /// Nil for what gives no score.
    init?(_ bytes: [UInt8]) {
        guard bytes.count <= Self.maximumSize, let body = try? JSONDecoder().decode(Body.self, from: Data(bytes)),
            body.score.isFinite, abs(body.score) <= 1_000_000
        else { return nil }
        let symbols = (body.symbols ?? [:]).compactMap { name, symbol -> SpamScore.Symbol? in
            guard let name = Self.name(symbol.name ?? name), let score = symbol.score, score.isFinite else { return nil }
            return SpamScore.Symbol(name: name, score: score)
        }
        // What weighs most first: that is what stays where there is little room.
        let sorted = symbols.sorted { (abs($0.score), $1.name) > (abs($1.score), $0.name) }
        score = SpamScore(value: body.score, symbols: Array(sorted.prefix(Self.maximumSymbols)))
    }

    /// Names are letters, digits and a few signs; anything else would have to be kept out of header fields and log lines.
    private static func name(_ text: String) -> String? {
        let isName = text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
            default: false
            }
        }
        return isName && 1...100 ~= text.utf8.count ? text : nil
    }

    private struct Body: Decodable {
        let score: Double
        let symbols: [String: Symbol]?

        enum Key: CodingKey { case score, symbols }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            score = try container.decode(Double.self, forKey: .score)
            symbols = try? container.decode([String: Symbol].self, forKey: .symbols)
        }
    }

    private struct Symbol: Decodable {
        let name: String?
        let score: Double?

        enum Key: CodingKey { case name, score }

        init(from decoder: any Decoder) throws {
            let container = try? decoder.container(keyedBy: Key.self)
            name = try? container?.decode(String.self, forKey: .name)
            score = try? container?.decode(Double.self, forKey: .score)
        }
    }
}
