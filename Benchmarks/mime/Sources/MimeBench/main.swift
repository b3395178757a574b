import Formats
import Foundation

// MimeBench CORPUS ROUNDS [WHAT]: parses every message and decodes the text of all its text parts; prints MB/s and how much text.
// WHAT: `text` (default), `scan` (structure alone), `summary` (what the index stores).

let arguments = CommandLine.arguments
let corpus = [UInt8](try Data(contentsOf: URL(filePath: arguments[1])))
let rounds = Int(arguments[2]) ?? 1
let what = arguments.count > 3 ? arguments[3] : "text"

/// The corpus is a line with the length of a message, the message, and so on.
var messages: [[UInt8]] = []
var position = 0
while position < corpus.count, let end = corpus[position...].firstIndex(of: UInt8(ascii: "\n")) {
    let length = Int(String(decoding: corpus[position..<end], as: UTF8.self)) ?? 0
    messages.append(Array(corpus[(end + 1)..<(end + 1 + length)]))
    position = end + 1 + length
}

func text(of message: Message) -> Int {
    message.parts.reduce(0) { $1.type.hasPrefix("text/") ? $0 + $1.decodedText().text.utf8.count : $0 }
}

let clock = ContinuousClock()
var produced = 0
let elapsed = clock.measure {
    for _ in 0..<rounds {
        for bytes in messages {
            let message = Message(parsing: bytes)
            switch what {
            case "scan": produced += message.root.children.count
            case "summary": produced += MessageSummary(of: message).bodyText.utf8.count
            default: produced += text(of: message)
            }
        }
    }
}
let bytes = messages.reduce(0) { $0 + $1.count } * rounds
let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
print(String(format: "%.1f %d", Double(bytes) / 1e6 / seconds, produced / rounds))
