import SMTP
import Testing

/// Decodes `wire` in pieces of the sizes given (the last repeats). Returns the message, whether it ended, and what was left.
private func decode(_ wire: [UInt8], pieces: [Int]) -> (message: [UInt8], decoder: DataDecoder, taken: Int) {
    var decoder = DataDecoder()
    var output: [UInt8] = []
    var offset = 0
    var turn = 0
    while offset < wire.count, !decoder.hasEnded {
        let size = min(pieces[min(turn, pieces.count - 1)], wire.count - offset)
        let taken = wire[offset..<(offset + size)].withUnsafeBytes { decoder.decode($0, into: &output) }
        offset += taken
        turn += 1
        if taken < size { break }
    }
    return (output, decoder, offset)
}

@Suite("The end of data")
struct DataDecoderTests {
    @Test(
        "comes at CRLF.CRLF alone, and dots are unstuffed",
        arguments: [
            (".\r\n", "", true, false), ("a\r\n.\r\n", "a\r\n", true, false), ("a\r\n..\r\n.\r\n", "a\r\n.\r\n", true, false),
            ("..a\r\n.\r\n", ".a\r\n", true, false), (".a\r\n.\r\n", "a\r\n", true, false), ("\r\n\r\n.\r\n", "\r\n\r\n", true, false),
            ("a\r\n...\r\n.\r\n", "a\r\n..\r\n", true, false), ("a.\r\nb\r\n.\r\n", "a.\r\nb\r\n", true, false),
            // Every known way to smuggle an end: none is one, and each is noticed.
            ("a\n.\n", "a\n\n", false, true), ("a\n.\r\n", "a\n.\r\n", false, true), ("a\r\n.\n", "a\r\n\n", false, true),
            ("a\r.\r", "a\r.\r", false, true), ("a\r\n.\r", "a\r\n", false, false), ("a\r\n.\rb", "a\r\n\rb", false, true),
            ("a\r.\r\n", "a\r.\r\n", false, true), ("a\r\n\0.\r\n", "a\r\n\0.\r\n", false, true),
            ("a\r\n.\0\r\n.\r\n", "a\r\n\0\r\n", true, true), ("\0\0.\0\r\n.\r\n", "\0\0.\0\r\n", true, true),
            ("a\0.\r\n.\r\n", "a\0.\r\n", true, false), ("\0..\r\n.\r\n", "\0..\r\n", true, false), ("\0\r\n.\r\n", "\0\r\n", true, false),
            ("\0a.\r\n.\r\n", "\0a.\r\n", true, false), ("\0.\rx\r\n.\r\n", "\0.\rx\r\n", true, true),
            ("a\r\r\n.\r\n", "a\r\r\n", true, true), ("a\nb\r\n.\r\n", "a\nb\r\n", true, true),
            ("a\rb\r\n.\r\n", "a\rb\r\n", true, true), ("\r\r\n.\r\n", "\r\r\n", true, true), ("\n\r\n.\r\n", "\n\r\n", true, true),
            ("a\r\n.\r\r\n.\r\n", "a\r\n\r\r\n", true, true),
        ])
    func table(wire: String, message: String, ends: Bool, isBare: Bool) {
        let bytes = Array(wire.utf8)
        for size in 1...max(1, bytes.count) {
            let (output, decoder, taken) = decode(bytes, pieces: [size])
            #expect(decoder.hasEnded == ends, "pieces of \(size)")
            if ends {
                #expect(String(decoding: output, as: UTF8.self) == message, "pieces of \(size)")
                #expect(taken == bytes.count)
                #expect(decoder.size == message.utf8.count)
            }
            // A CR at the very end may still get its LF.
            if wire.last != "\r" { #expect(decoder.hasBareControl == isBare, "pieces of \(size)") }
        }
    }

    @Test("leaves what follows the end")
    func pipelined() {
        let (output, decoder, taken) = decode(Array("a\r\n.\r\nQUIT\r\n".utf8), pieces: [1000])
        #expect(output == Array("a\r\n".utf8) && decoder.hasEnded && taken == 6)
    }

    @Test("is the same however the octets come in pieces; encoder and decoder undo each other")
    func randomPieces() {
        var random = SplitMix(seed: 7)
        let alphabet: [[UInt8]] = [[0x0D, 0x0A], [0x2E], [0x61], [0x0D, 0x0A, 0x2E], Array("hello world".utf8), [0xC3, 0xA4]]
        for _ in 0..<3000 {
            var message: [UInt8] = []
            for _ in 0..<random.next(upTo: 40) { message += alphabet[random.next(upTo: alphabet.count)] }
            if !message.isEmpty, message.suffix(2) != [0x0D, 0x0A] { message += [0x0D, 0x0A] }
            var encoder = DataEncoder()
            var wire: [UInt8] = []
            var offset = 0
            while offset < message.count {
                let size = min(1 + random.next(upTo: 9), message.count - offset)
                message[offset..<(offset + size)].withUnsafeBytes { encoder.encode($0, into: &wire) }
                offset += size
            }
            encoder.finish(into: &wire)
            let pieces = (0..<20).map { _ in 1 + random.next(upTo: 12) }
            let (output, decoder, taken) = decode(wire, pieces: pieces)
            #expect(output == message && decoder.hasEnded && taken == wire.count && !decoder.hasBareControl)
        }
    }

    @Test("mutated octets: an end is only ever CRLF.CRLF, and whatever is bare is seen")
    func mutations() {
        var random = SplitMix(seed: 99)
        let alphabet: [UInt8] = [0x0D, 0x0A, 0x2E, 0x61, 0x00]
        for _ in 0..<20_000 {
            let wire = (0..<(1 + random.next(upTo: 14))).map { _ in alphabet[random.next(upTo: alphabet.count)] }
            let whole = decode(wire, pieces: [wire.count])
            let pieces = (0..<16).map { _ in 1 + random.next(upTo: 4) }
            let split = decode(wire, pieces: pieces)
            #expect(whole.decoder.hasEnded == split.decoder.hasEnded && whole.taken == split.taken)
            #expect(whole.decoder.hasBareControl == split.decoder.hasBareControl)
            if whole.decoder.hasEnded {
                #expect(whole.message == split.message)
                let taken = Array(wire[..<whole.taken])
                #expect(taken == [0x2E, 0x0D, 0x0A] || taken.suffix(5) == [0x0D, 0x0A, 0x2E, 0x0D, 0x0A])
                #expect(whole.decoder.hasBareControl == (hasBare(taken) || hidesEnd(taken)))
            }
        }
    }

    /// A line is one dot and NULs.
    private func hidesEnd(_ bytes: [UInt8]) -> Bool {
        String(decoding: bytes, as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: false).contains { line in
            line.contains("\0") && line.filter { $0 != "\0" } == "."
        }
    }

    @Test("in chunks a bare line end and a hidden end are noticed as well, and a dot alone is not")
    func scanner() {
        for (text, isFound) in [
            ("a\r\n.\r\nb\r\n", false), ("a\nb", true), ("a\rb", true), ("a\r", true), ("a\r\n\0.\r\n", true), (".\0\r\n", true),
            ("\0..\r\n", false), ("a\0.\r\n", false), ("\0\r\n.\r\n", false), ("", false),
        ] {
            for size in 1...4 {
                var scanner = LineEndScanner()
                let bytes = Array(text.utf8)
                for start in stride(from: 0, to: bytes.count, by: size) { scanner.scan(Array(bytes[start..<min(start + size, bytes.count)])) }
                #expect(scanner.hasBareControl == isFound, "\(text.debugDescription) in pieces of \(size)")
            }
        }
    }

    private func hasBare(_ bytes: [UInt8]) -> Bool {
        for (index, byte) in bytes.enumerated() {
            if byte == 0x0A, index == 0 || bytes[index - 1] != 0x0D { return true }
            if byte == 0x0D, index + 1 == bytes.count || bytes[index + 1] != 0x0A { return true }
        }
        return false
    }

    @Test(
        "going out, every line end is CRLF",
        arguments: [
            ("a\nb", "a\r\nb\r\n.\r\n"), ("a\rb\r", "a\r\nb\r\n.\r\n"), ("", ".\r\n"), (".", "..\r\n.\r\n"), ("\n.\n", "\r\n..\r\n.\r\n"),
            ("a\r\r\n", "a\r\n\r\n.\r\n"), (".\r.", "..\r\n..\r\n.\r\n"),
        ])
    func encoding(message: String, wire: String) {
        for size in 1...3 {
            var encoder = DataEncoder()
            var output: [UInt8] = []
            let bytes = Array(message.utf8)
            for start in stride(from: 0, to: bytes.count, by: size) {
                bytes[start..<min(start + size, bytes.count)].withUnsafeBytes { encoder.encode($0, into: &output) }
            }
            encoder.finish(into: &output)
            #expect(String(decoding: output, as: UTF8.self) == wire)
        }
    }
}

/// A small generator: the same seed gives the same test.
struct SplitMix {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    mutating func next(upTo limit: Int) -> Int { Int(next() % UInt64(limit)) }
}
