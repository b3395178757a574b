/// Character references of HTML: numbers, and the names that mail uses.
enum HTMLReferences {
    /// The character of the reference that begins with the `&` at `start`, and the index after it.
    static func decode(_ bytes: Bytes, at start: Int) -> (Unicode.Scalar, end: Int)? {
        guard start + 2 < bytes.count else { return nil }
        return bytes[start + 1] == 0x23 ? decodeNumber(bytes, at: start + 2) : decodeName(bytes, at: start + 1)
    }

    private static func decodeNumber(_ bytes: Bytes, at start: Int) -> (Unicode.Scalar, end: Int)? {
        let isHex = bytes[start] | 0x20 == 0x78
        let first = isHex ? start + 1 : start
        var index = first
        var value: UInt32 = 0
        while index < bytes.count, index - first < 8 {
            guard let digit = bytes[index].hexValue, isHex || digit < 10 else { break }
            value = value &* (isHex ? 16 : 10) &+ UInt32(digit)
            index += 1
        }
        guard index > first else { return nil }
        if index < bytes.count, bytes[index] == ASCII.semicolon { index += 1 }
        if (0x80..<0xA0).contains(value) {
            let byte = [UInt8(value)]
            let text = byte.withUnsafeBufferPointer { Windows1252.decode($0) }
            return text.unicodeScalars.first.map { ($0, index) }
        }
        return (value == 0 ? "\u{FFFD}" : Unicode.Scalar(value) ?? "\u{FFFD}", index)
    }

    private static func decodeName(_ bytes: Bytes, at start: Int) -> (Unicode.Scalar, end: Int)? {
        var end = start
        while end < bytes.count, end - start < 10, bytes[end].isASCIILetter || bytes[end].isASCIIDigit { end += 1 }
        guard end > start else { return nil }
        let isClosed = end < bytes.count && bytes[end] == ASCII.semicolon
        let name = bytes.slice(start..<end).utf8String
        guard let value = names[name], isClosed || value < 0x100 else { return nil }
        return Unicode.Scalar(value).map { ($0, isClosed ? end + 1 : end) }
    }

    private static let names: [String: UInt32] = {
        var names: [String: UInt32] = ["amp": 0x26, "lt": 0x3C, "gt": 0x3E, "quot": 0x22, "apos": 0x27, "AMP": 0x26, "LT": 0x3C, "GT": 0x3E]
        // U+00A0–U+00FF in their order.
        let latin1 = """
            nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para \
            middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute \
            Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute \
            THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde \
            ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml
            """
        for (offset, name) in latin1.split(separator: " ").enumerated() { names[String(name)] = 0xA0 + UInt32(offset) }
        let greek = """
            Alpha Beta Gamma Delta Epsilon Zeta Eta Theta Iota Kappa Lambda Mu Nu Xi Omicron Pi Rho - Sigma Tau Upsilon Phi Chi Psi Omega
            """
        for (offset, name) in greek.split(separator: " ").enumerated() where name != "-" {
            names[String(name)] = 0x391 + UInt32(offset)
            names[name.lowercased()] = 0x3B1 + UInt32(offset)
        }
        let others: [(String, UInt32)] = [
            ("OElig", 0x152), ("oelig", 0x153), ("Scaron", 0x160), ("scaron", 0x161), ("Yuml", 0x178), ("fnof", 0x192), ("circ", 0x2C6),
            ("tilde", 0x2DC), ("ensp", 0x20), ("emsp", 0x20), ("thinsp", 0x20), ("zwnj", 0x200C), ("zwj", 0x200D), ("lrm", 0x200E),
            ("rlm", 0x200F), ("ndash", 0x2013), ("mdash", 0x2014), ("lsquo", 0x2018), ("rsquo", 0x2019), ("sbquo", 0x201A),
            ("ldquo", 0x201C), ("rdquo", 0x201D), ("bdquo", 0x201E), ("dagger", 0x2020), ("Dagger", 0x2021), ("bull", 0x2022),
            ("hellip", 0x2026), ("permil", 0x2030), ("prime", 0x2032), ("Prime", 0x2033), ("lsaquo", 0x2039), ("rsaquo", 0x203A),
            ("oline", 0x203E), ("frasl", 0x2044), ("euro", 0x20AC), ("trade", 0x2122), ("larr", 0x2190), ("uarr", 0x2191),
            ("rarr", 0x2192), ("darr", 0x2193), ("harr", 0x2194), ("rArr", 0x21D2), ("hArr", 0x21D4), ("minus", 0x2212),
            ("infin", 0x221E), ("ne", 0x2260), ("le", 0x2264), ("ge", 0x2265), ("asymp", 0x2248), ("radic", 0x221A), ("sum", 0x2211),
            ("hearts", 0x2665), ("spades", 0x2660), ("clubs", 0x2663), ("diams", 0x2666), ("check", 0x2713), ("star", 0x2606),
            ("starf", 0x2605), ("phone", 0x260E), ("sigmaf", 0x3C2), ("thetasym", 0x3D1), ("nbsp", 0xA0), ("zwsp", 0x200B),
            ("hairsp", 0x20), ("numsp", 0x20), ("shy", 0xAD), ("colon", 0x3A), ("comma", 0x2C), ("period", 0x2E), ("lpar", 0x28),
            ("rpar", 0x29), ("excl", 0x21), ("quest", 0x3F), ("num", 0x23), ("percnt", 0x25), ("commat", 0x40), ("lowbar", 0x5F),
            ("NewLine", 0x0A), ("Tab", 0x09), ("sol", 0x2F), ("bsol", 0x5C), ("lsqb", 0x5B), ("rsqb", 0x5D), ("dollar", 0x24),
        ]
        for (name, value) in others { names[name] = value }
        return names
    }()
}
