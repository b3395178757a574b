import Glibc
import Testing

@testable import Formats

/// Reads all that can be read of a message.
func readAll(_ message: Message) {
    for part in message.parts {
        _ = (part.partId, part.type, part.parameters, part.charset, part.disposition, part.name, part.cid, part.language, part.location)
        _ = (part.size, part.headerRange, part.isInlineMedia, part.flowed)
        _ = part.decodedText()
        _ = part.decodedText(guesses: false)
        for field in part.headers {
            _ = (field.name, field.raw, field.text, field.groupedAddresses, field.messageIds, field.date, field.urls)
        }
    }
    _ = MessageSummary(of: message)
}

@Suite("Nothing that comes in stops the parser")
struct RobustnessTests {
    private static let seeds = [
        "From: =?utf-8?Q?J=C3=BCrgen?= <j@m.de>, \"A, B\" <a@b.c>; Group: x@y, z@z;\r\nSubject: =?iso-2022-jp?B?GyRCJCIbKEI=?=\r\n =?utf-8?B?w6k=?=\r\nDate: Mon, 3 Jun 2024 09:15:00 +0200 (CEST)\r\nMessage-ID: <a@b>\r\nReferences: <a@b> (c) <d@e>\r\nList-Post: <mailto:x@y>\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\npre\r\n--b\r\nContent-Type: text/plain; charset=\"utf-8\"; format=flowed\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ngr=C3=BCn=\r\n soft\r\n--b\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n--i\r\n\r\nplain\r\n--i\r\nContent-Type: text/html\r\n\r\n<p>x &amp; y</p><script>z</script>\r\n--i--\r\n--b\r\nContent-Type: application/pdf; name*0*=utf-8''na%C3%AF; name*1=ve.pdf\r\nContent-Disposition: attachment; filename=\"=?utf-8?Q?x?=\"\r\nContent-Transfer-Encoding: base64\r\n\r\nAAECAwQ=\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nbegin 644 x\r\n#0V%T\r\nend\r\n--b--\r\nepilogue",
        "Content-Type: text/html; charset=gb2312\n\n<html><body>&#20320;<td>x</td></body></html>",
    ]

    @Test("a message changed at random is read to its end", arguments: 0..<40)
    func mutations(round: UInt64) {
        var random = Generator(state: round &* 7919 &+ 1)
        for _ in 0..<50 {
            var bytes = Array(Self.seeds[Int(random.next() % 2)].utf8)
            for _ in 0..<(1 + random.next() % 8) { mutate(&bytes, &random) }
            readAll(Message(parsing: bytes))
        }
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout Generator) {
        guard !bytes.isEmpty else { return }
        let at = Int(random.next() % UInt64(bytes.count))
        let interesting: [UInt8] = [0, 9, 10, 13, 32, 34, 40, 41, 45, 58, 59, 60, 61, 62, 63, 64, 92, 0x80, 0xC3, 0xFF]
        switch random.next() % 6 {
        case 0: bytes[at] = interesting[Int(random.next() % UInt64(interesting.count))]
        case 1: bytes.remove(at: at)
        case 2: bytes.insert(interesting[Int(random.next() % UInt64(interesting.count))], at: at)
        case 3: bytes.removeSubrange(at..<min(bytes.count, at + Int(random.next() % 64)))
        case 4: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + Int(random.next() % 64))], at: at)
        default: bytes.removeSubrange(at...)
        }
    }

    /// A generator that gives the same in every run.
    private struct Generator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
    }

    /// Inputs that cost a careless parser time that grows with the square of their length.
    private static let attacks: [(name: String, unit: String, prefix: String, suffix: String)] = [
        ("delimiter-like lines", "--b\n", "Content-Type: multipart/mixed; boundary=b\n\n", ""),
        ("nearly delimiters", "--bx\n", "Content-Type: multipart/mixed; boundary=b\n\n", ""),
        ("nested multiparts", "Content-Type: multipart/mixed; boundary=b\n\n--b\n", "", ""),
        ("attached messages", "Content-Type: message/rfc822\n\n", "", ""),
        ("parameters", "; x=y", "Content-Type: text/plain", "\n\n"),
        ("segments", "; x*0=y", "Content-Type: text/plain", "\n\n"),
        ("encoded words", "=?utf-8?Q?a?= ", "Subject: ", "\n\n"),
        ("unfinished encoded words", "=?utf-8?Q?", "Subject: ", "\n\n"),
        ("marks", "=?", "Subject: ", "\n\n"),
        ("charsets", "=?utf-8?Q?a?= =?x-y?Q?b?= ", "Subject: ", "\n\n"),
        ("addresses", "a@b,", "To: ", "\n\n"),
        ("words", "a ", "To: ", "\n\n"),
        ("colons", "a@b:", "To: ", "\n\n"),
        ("colons alone", ":", "To: ", "\n\n"),
        ("open comments", "(", "To: ", "\n\n"),
        ("open quotes", "\"", "To: ", "\n\n"),
        ("open angles", "<", "To: ", "\n\n"),
        ("angles after an address", "<a ", "To: <" + "x".repeated(20_000) + "@y> ", "\n\n"),
        ("open angles of ids", "<", "References: ", "\n\n"),
        ("blobs", "[a]", "Subject: ", "\n\n"),
        ("replies", "Re: ", "Subject: ", "\n\n"),
        ("folds", " x\n", "Subject: x\n", "\n\n"),
        ("fields", "a:\n", "", "\n"),
        ("combining marks", "\u{301}", "Subject: e", "\n\n"),
        ("open tags", "<", "Content-Type: text/html\n\n", ""),
        ("open comments of HTML", "<!--", "Content-Type: text/html\n\n", ""),
        ("open scripts", "<script>", "Content-Type: text/html\n\n", ""),
        ("references", "&#", "Content-Type: text/html\n\n", ""),
        ("attributes", "<a b='", "Content-Type: text/html\n\n", ""),
        ("soft breaks", "=\n", "Content-Transfer-Encoding: quoted-printable\n\n", ""),
        ("blanks", " ", "Content-Transfer-Encoding: quoted-printable\n\n", ""),
        ("equals signs", "=", "Content-Transfer-Encoding: base64\n\n", ""),
        ("bad bytes", "\u{FF}", "Content-Type: text/plain; charset=shift_jis\n\n", ""),
        ("date words", "a ", "Date: ", "\n\n"),
        ("flowed lines", "a \n", "Content-Type: text/plain; format=flowed\n\n", ""),
    ]

    /// The processor time that the current thread has used.
    private static func threadTime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    @Test("time grows with the length, not faster", .serialized, arguments: attacks.indices)
    func linear(index: Int) {
        let attack = Self.attacks[index]
        func time(_ bytes: Int) -> Duration {
            let text = attack.prefix + attack.unit.repeated(bytes / attack.unit.utf8.count) + attack.suffix
            let input = Array(text.utf8)
            // The shortest of three, by this thread's own time: other tests run at the same moment.
            return (0..<3).map { _ in
                let start = Self.threadTime()
                readAll(Message(parsing: input))
                return Self.threadTime() - start
            }.min() ?? .zero
        }
        let small = time(6000)
        let large = time(60_000)
        // Ten times the input; a square law would take a hundred times as long.
        #expect(large < max(small, .milliseconds(2)) * 40, "\(attack.name): \(small) → \(large)")
    }
}
