internal import Glibc

/// Takes a message off the wire: finds the end of data, removes the dots of RFC 5321 §4.5.2, and notices what must not be there.
///
/// Invariants: the message ends at CRLF.CRLF and nowhere else; a bare CR or bare LF anywhere is remembered in `hasBareControl`
/// (the message is then to be refused: who ends lines differently from us could smuggle a second one), and so is a line of one dot
/// and NULs, which ends the message for a reader that leaves NULs out. Any split of the input into chunks gives the same result.
/// Work is linear, and what is kept between chunks is one state.
package struct DataDecoder: Sendable {
    private enum State: Equatable {
        case lineStart
        case inLine
        /// A CR was seen and given out; only LF may follow.
        case afterCR
        /// A dot at the start of a line was seen and held back.
        case dot
        /// A dot at the start of a line, then CR: both held back.
        case dotCR
        /// A line of NULs and so many dots, one at most. All given out.
        case hidden(dots: Int)
        case hiddenCR(dots: Int)
        case ended
    }

    private var state = State.lineStart
    /// True when a CR without LF, a LF without CR, or a hidden end was seen.
    package private(set) var hasBareControl = false
    /// Octets of the message so far, as SIZE counts them: without the dots that were removed.
    package private(set) var size = 0

    package init() {}

    package var hasEnded: Bool { state == .ended }

    /// Decodes from `input`, appending to `output`. Returns how many octets were taken: all of them, unless the message ended.
    package mutating func decode(_ input: UnsafeRawBufferPointer, into output: inout [UInt8]) -> Int {
        let before = output.count
        defer { size += output.count - before }
        var index = 0
        // What goes out unchanged: [runStart, index).
        var runStart = 0
        func flush(upTo end: Int, _ output: inout [UInt8]) {
            if runStart < end { output.append(contentsOf: UnsafeRawBufferPointer(rebasing: input[runStart..<end])) }
        }
        while index < input.count {
            let byte = input[index]
            switch state {
            case .lineStart where byte == 0x2E:
                flush(upTo: index, &output)
                index += 1
                runStart = index
                state = .dot
            case .lineStart where byte == 0:
                index += 1
                state = .hidden(dots: 0)
            case .hidden(let dots):
                switch byte {
                case 0: index += 1
                case 0x2E where dots == 0:
                    index += 1
                    state = .hidden(dots: 1)
                case 0x0D:
                    index += 1
                    state = .hiddenCR(dots: dots)
                default: state = .inLine
                }
            case .hiddenCR(let dots):
                if byte == 0x0A {
                    index += 1
                    if dots == 1 { hasBareControl = true }
                    state = .lineStart
                } else {
                    state = .afterCR
                }
            case .lineStart, .inLine:
                index = scanLine(input, from: index)
            case .afterCR:
                if byte == 0x0A {
                    index += 1
                    state = .lineStart
                } else {
                    hasBareControl = true
                    state = .inLine
                }
            case .dot:
                if byte == 0x0D {
                    index += 1
                    runStart = index
                    state = .dotCR
                } else if byte == 0 {
                    state = .hidden(dots: 1)
                } else {
                    // The dot was stuffing. A line that is one bare ".LF" ends nothing either: the LF is noticed as bare.
                    state = .inLine
                }
            case .dotCR:
                if byte == 0x0A {
                    state = .ended
                    return index + 1
                }
                hasBareControl = true
                output.append(0x0D)
                state = .inLine
            case .ended:
                return index
            }
        }
        flush(upTo: index, &output)
        return index
    }

    /// Goes to the end of the line that `start` lies in, or of the input. Leaves the state that holds there.
    private mutating func scanLine(_ input: UnsafeRawBufferPointer, from start: Int) -> Int {
        let base = input.baseAddress!
        let remaining = input.count - start
        guard let found = memchr(base + start, 0x0A, remaining) else {
            if let cr = memchr(base + start, 0x0D, remaining) {
                let offset = UnsafeRawPointer(cr) - base
                if offset == input.count - 1 {
                    state = .afterCR
                    return input.count
                }
                hasBareControl = true
                // Another CR, the last octet, may still be the first half of a line end.
                state = input[input.count - 1] == 0x0D ? .afterCR : .inLine
            } else {
                state = .inLine
            }
            return input.count
        }
        let end = UnsafeRawPointer(found) - base
        // In a good line the first CR stands right before the LF.
        let firstCR = memchr(base + start, 0x0D, end - start).map { UnsafeRawPointer($0) - base }
        if firstCR != end - 1 { hasBareControl = true }
        let endsWell = end > start && input[end - 1] == 0x0D
        state = endsWell ? .lineStart : .inLine
        return end + 1
    }
}

/// Notices a bare CR or LF in a message that comes in chunks, and a line of NULs and one dot, which would end the message for
/// the next server if that leaves NULs out. Any split of the input gives the same result.
package struct LineEndScanner: Sendable {
    private var isAfterCR = false
    private var found = false
    private var nuls = 0
    private var dots = 0
    /// Only NULs and dots so far.
    private var isSuspect = true

    package init() {}

    /// True when a CR without LF, a LF without CR or a hidden end was seen, or the message ends in a CR.
    package var hasBareControl: Bool { found || isAfterCR }

    package mutating func scan(_ bytes: [UInt8]) {
        for byte in bytes {
            if byte == 0x0A { if !isAfterCR { found = true } } else if isAfterCR { found = true }
            isAfterCR = byte == 0x0D
            if isSuspect || byte == 0x0A { look(at: byte) }
        }
    }

    private mutating func look(at byte: UInt8) {
        switch byte {
        case 0: nuls += 1
        case 0x2E: dots += 1
        case 0x0D: break
        case 0x0A:
            if isSuspect, dots == 1, nuls > 0 { found = true }
            (nuls, dots, isSuspect) = (0, 0, true)
        default: isSuspect = false
        }
    }
}

/// Puts a message on the wire: stuffs dots, turns every line end into CRLF, and ends it. RFC 5321 §4.5.2.
package struct DataEncoder: Sendable {
    private enum State { case lineStart, inLine, afterCR }
    private var state = State.lineStart

    package init() {}

    /// Appends the wire form of `input` to `output`. Any split into chunks gives the same octets.
    package mutating func encode(_ input: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        output.reserveCapacity(output.count + input.count + input.count / 32 + 8)
        var runStart = 0
        var index = 0
        func flush(upTo end: Int, _ output: inout [UInt8]) {
            if runStart < end { output.append(contentsOf: UnsafeRawBufferPointer(rebasing: input[runStart..<end])) }
            runStart = end
        }
        while index < input.count {
            let byte = input[index]
            switch (state, byte) {
            case (.afterCR, 0x0A):
                state = .lineStart
                index += 1
            case (.afterCR, _):
                // A bare CR of an old file: nothing of ours sends one.
                flush(upTo: index, &output)
                output.append(0x0A)
                state = .lineStart
            case (.lineStart, 0x2E):
                flush(upTo: index, &output)
                output.append(0x2E)
                state = .inLine
            case (_, 0x0D):
                state = .afterCR
                index += 1
            case (_, 0x0A):
                flush(upTo: index, &output)
                output += [0x0D, 0x0A]
                index += 1
                runStart = index
                state = .lineStart
            default:
                state = .inLine
                index += 1
                while index < input.count, input[index] != 0x0D, input[index] != 0x0A { index += 1 }
            }
        }
        flush(upTo: index, &output)
    }

    /// Appends the end of data, closing an unfinished last line first.
    package mutating func finish(into output: inout [UInt8]) {
        switch state {
        case .lineStart: break
        case .inLine: output += [0x0D, 0x0A]
        case .afterCR: output.append(0x0A)
        }
        output += [0x2E, 0x0D, 0x0A]
        state = .lineStart
    }
}
