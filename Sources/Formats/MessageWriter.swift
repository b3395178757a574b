/// Writes the header and the tree of parts of a `MessageBuilder`.
struct MessageWriter {
    private let builder: MessageBuilder
    private var output: [UInt8] = []
    private var random: UInt64

    init(_ builder: MessageBuilder) {
        self.builder = builder
        random = builder.boundarySeed
    }

    mutating func write() throws(ParseError) -> [UInt8] {
        var fields = HeaderWriter()
        for header in builder.headers {
            let name = header.name.lowercased()
            if name == "bcc", !builder.keepsBcc { continue }
            if name == "mime-version" { continue }
            guard !name.hasPrefix("content-") else { throw ParseError("the body writes \(header.name.prefix(40)) itself") }
            try fields.write(header)
        }
        try fields.write("MIME-Version", "1.0", parameters: [])
        output = fields.output
        try write(builder.body, depth: 0)
        return output
    }

    // MARK: Parts

    private mutating func write(_ part: MessageBuilder.Part, depth: Int) throws(ParseError) {
        guard depth < Message.maximumDepth else { throw ParseError("parts nest too deep") }
        guard Self.isMediaType(part.type) else { throw ParseError("no media type: \(part.type.prefix(40))") }
        switch part.content {
        case .parts(let parts):
            guard part.type.lowercased().hasPrefix("multipart/") else { throw ParseError("parts in a \(part.type.prefix(40))") }
            let boundary = nextBoundary()
            var parameters = [("boundary", boundary)]
            // RFC 2387 §3.1 demands the type of the root.
            if part.type.lowercased() == "multipart/related", let first = parts.first { parameters.append(("type", first.type)) }
            try writeHeader(of: part, parameters: parameters, encoding: nil)
            for child in parts {
                append("--\(boundary)\r\n")
                try write(child, depth: depth + 1)
                append("\r\n")
            }
            append("--\(boundary)--\r\n")
        case .text(let text):
            let body = EncodedBody(text: text, allows8Bit: builder.allows8Bit)
            try writeHeader(of: part, parameters: [("charset", "utf-8")], encoding: body.encoding)
            output += body.bytes
        case .bytes(let bytes):
            let body = EncodedBody(bytes: bytes, type: part.type.lowercased(), allows8Bit: builder.allows8Bit)
            try writeHeader(of: part, parameters: [], encoding: body.encoding)
            output += body.bytes
        }
    }

    private mutating func writeHeader(
        of part: MessageBuilder.Part, parameters: [(String, String)], encoding: String?
    ) throws(ParseError) {
        var fields = HeaderWriter()
        for header in part.headers {
            let name = header.name.lowercased()
            guard name != "content-type", name != "content-transfer-encoding" else {
                throw ParseError("the body writes \(header.name) itself")
            }
            try fields.write(header)
        }
        try fields.write("Content-Type", part.type, parameters: try typeParameters(of: part, parameters))
        if let disposition = part.disposition {
            guard ParameterText.isToken(disposition) else { throw ParseError("no disposition: \(disposition.prefix(40))") }
            var pieces: [String] = []
            if let name = part.name { pieces = try ParameterText.pieces("filename", name) }
            try fields.write("Content-Disposition", disposition, parameters: pieces)
        }
        if let cid = part.cid { try fields.write(MessageBuilder.Header("Content-ID", .messageIds([cid]))) }
        if !part.language.isEmpty {
            try fields.write(MessageBuilder.Header("Content-Language", .text(part.language.joined(separator: ", "))))
        }
        if let location = part.location {
            try fields.write(MessageBuilder.Header("Content-Location", .raw(" " + location)))
        }
        if let encoding { try fields.write("Content-Transfer-Encoding", encoding, parameters: []) }
        output += fields.output
        append("\r\n")
    }

    private func typeParameters(of part: MessageBuilder.Part, _ own: [(String, String)]) throws(ParseError) -> [String] {
        var pieces: [String] = []
        var written: Set<String> = []
        var all = own + part.parameters.map { ($0.name, $0.value) }
        if let name = part.name { all.append(("name", name)) }
        for (name, value) in all where written.insert(name.lowercased()).inserted {
            pieces += try ParameterText.pieces(name, value)
        }
        return pieces
    }

    private static func isMediaType(_ type: String) -> Bool {
        let halves = type.split(separator: "/", omittingEmptySubsequences: false)
        return halves.count == 2 && halves.allSatisfy { ParameterText.isToken(String($0)) }
    }

    private mutating func append(_ text: String) {
        output.append(contentsOf: Array(text.utf8))
    }

    /// 128 bits nobody can guess; `=_` occurs in neither quoted-printable nor base64.
    private mutating func nextBoundary() -> String {
        "=_" + [nextRandom(), nextRandom()].map { number in
            let digits = String(number, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    /// SplitMix64.
    private mutating func nextRandom() -> UInt64 {
        random &+= 0x9E37_79B9_7F4A_7C15
        var value = random
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

/// Content in the transfer encoding that suits it: RFC 2045 §6.
struct EncodedBody {
    let encoding: String
    let bytes: [UInt8]

    /// What decides on the encoding.
    private struct Traits {
        var has8Bit = false
        /// Controls but HTAB and line ends, or a CR or LF alone.
        var hasOddControls = false
        var hasBareLineEnds = false
        var longestLine = 0
        var hasFromLine = false
        var specials = 0

        init(_ bytes: Bytes) {
            var line = 0
            for (index, byte) in bytes.enumerated() {
                if byte == ASCII.lf {
                    if index == 0 || bytes[index - 1] != ASCII.cr { hasBareLineEnds = true }
                    longestLine = max(longestLine, index - line)
                    line = index + 1
                } else if byte == ASCII.cr {
                    if index + 1 == bytes.count || bytes[index + 1] != ASCII.lf { hasBareLineEnds = true }
                } else if byte >= 0x80 {
                    has8Bit = true
                    specials += 1
                } else if byte < 0x20 && byte != ASCII.tab || byte == 0x7F {
                    hasOddControls = true
                    specials += 1
                } else if byte == 0x46, index == line, bytes.slice(index..<bytes.count).starts(with: "From ".utf8) {
                    hasFromLine = true
                } else if byte == ASCII.equals {
                    specials += 1
                }
            }
            longestLine = max(longestLine, bytes.count - line)
        }

        /// Whether the bytes may stand in a message as they are.
        func isPlain(allows8Bit: Bool) -> Bool {
            !hasBareLineEnds && !hasOddControls && longestLine <= 990 && (allows8Bit || !has8Bit)
        }
    }

    /// Text with any line ends; they become CRLF.
    init(text: String, allows8Bit: Bool) {
        let normalized = withBytes(of: text) { Self.withCRLF($0) }
        self = normalized.withUnsafeBufferPointer { bytes in
            let traits = Traits(bytes)
            if traits.isPlain(allows8Bit: allows8Bit), !traits.hasFromLine {
                return EncodedBody(encoding: traits.has8Bit ? "8bit" : "7bit", bytes: Array(bytes))
            }
            if traits.specials * 3 > bytes.count {
                return EncodedBody(encoding: "base64", bytes: Base64.encode(bytes, lineLength: 76))
            }
            return EncodedBody(encoding: "quoted-printable", bytes: QuotedPrintable.encode(bytes))
        }
    }

    /// Octets, which the reader gets back as they are. Only of messages, which must not be encoded (RFC 2046 §5.2.1), are bare line
    /// ends made CRLF.
    init(bytes: [UInt8], type: String, allows8Bit: Bool) {
        self = bytes.withUnsafeBufferPointer { bytes in
            let traits = Traits(bytes)
            if type == "message/rfc822" || type == "message/global" || type == "message/delivery-status" {
                let lines = traits.hasBareLineEnds ? Self.withCRLF(bytes) : Array(bytes)
                if traits.longestLine <= 990, !bytes.contains(ASCII.nul) {
                    return EncodedBody(encoding: traits.has8Bit ? "8bit" : "7bit", bytes: lines)
                }
            } else if type.hasPrefix("text/"), traits.isPlain(allows8Bit: allows8Bit), !traits.hasFromLine {
                return EncodedBody(encoding: traits.has8Bit ? "8bit" : "7bit", bytes: Array(bytes))
            } else if type.hasPrefix("text/"), !traits.hasBareLineEnds, traits.specials * 3 <= bytes.count {
                return EncodedBody(encoding: "quoted-printable", bytes: QuotedPrintable.encode(bytes))
            }
            return EncodedBody(encoding: "base64", bytes: Base64.encode(bytes, lineLength: 76))
        }
    }

    private init(encoding: String, bytes: [UInt8]) {
        self.encoding = encoding
        self.bytes = bytes
    }

    static func withCRLF(_ bytes: Bytes) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + bytes.count / 32)
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case ASCII.lf:
                if index == 0 || bytes[index - 1] != ASCII.cr { output.append(ASCII.cr) }
                output.append(byte)
            case ASCII.cr:
                output.append(byte)
                if index + 1 == bytes.count || bytes[index + 1] != ASCII.lf { output.append(ASCII.lf) }
            default: output.append(byte)
            }
        }
        return output
    }
}
