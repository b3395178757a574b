/// What mail programs call charsets, and what the C library calls them.
///
/// Only names of this table reach iconv: an unknown name costs nothing, and no name of a message becomes part of a file's name.
enum CharsetNames {
    static func scheme(for name: String) -> Charset.Scheme {
        known(name) ?? .sniffed(isDeclared: true)
    }

    /// The scheme of a name that we know; nil for all others.
    static func known(_ name: String) -> Charset.Scheme? {
        var key: [UInt8] = []
        for byte in name.utf8.prefix(64) {
            let byte = byte.asciiLowercased
            // `ISO_8859-1`, `iso8859-1` and `"iso-8859-1"` are one.
            if byte.isASCIILetter || byte.isASCIIDigit { key.append(byte) }
        }
        let plain = String(decoding: key, as: UTF8.self)
        if let known = table[plain] { return known }
        return codePage(plain)
    }

    /// `windows1251`, `cp1251`, `xcp1251`, `win1251`, `ibm850`.
    private static func codePage(_ name: String) -> Charset.Scheme? {
        let digits = name.drop { !($0 >= "0" && $0 <= "9") }
        let prefix = name.dropLast(digits.count)
        guard ["windows", "win", "cp", "xcp", "xwindows", "ibm", "ms", "mswin", "dos", ""].contains(prefix),
            let number = Int(digits), digits.utf8.count <= 5
        else { return nil }
        switch number {
        case 1252: return .windows1252
        case 65001: return .utf8
        case 50220, 50221, 50222: return table["iso2022jp"]
        case 936: return table["gb18030"]
        case 20866: return table["koi8r"]
        case 21866: return table["koi8u"]
        case 28591...28606: return table["iso8859\(number - 28590)"]
        case 51932: return table["eucjp"]
        case 51949: return table["euckr"]
        case 437, 737, 775, 850, 852, 855, 857, 858, 860...866, 869, 874, 932, 949, 950, 1125, 1250...1258, 1361:
            return .iconv(name: "CP\(number)", keepsASCII: true)
        default: return nil
        }
    }

    private static let table: [String: Charset.Scheme] = {
        var table: [String: Charset.Scheme] = [:]
        func add(_ scheme: Charset.Scheme, _ names: String...) {
            for name in names { table[name] = scheme }
        }
        add(.sniffed(isDeclared: false), "", "ascii", "usascii", "ansix341968", "iso646us", "us", "646", "default", "none", "unknown")
        add(.sniffed(isDeclared: false), "xunknown", "unknown8bit", "autodetect", "xuserdefined", "8bit", "7bit", "binary", "charset")
        add(.utf8, "utf8", "unicode11utf8", "unicode20utf8", "xutf8", "utf8mb4", "utf8n")
        add(.latin1, "iso88591", "88591", "latin1", "l1", "isolatin1", "iso885911987", "isoir100", "western")
        add(.windows1252, "ansi", "xansi")
        for part in [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16] {
            let scheme = Charset.Scheme.iconv(name: "ISO-8859-\(part)", keepsASCII: true)
            add(scheme, "iso8859\(part)", "8859\(part)", "xiso8859\(part)")
        }
        for (number, part) in [(2, 2), (3, 3), (4, 4), (5, 9), (6, 10), (7, 13), (8, 14), (9, 15), (10, 16)] {
            let scheme = Charset.Scheme.iconv(name: "ISO-8859-\(part)", keepsASCII: true)
            add(scheme, "latin\(number)", "l\(number)", "isolatin\(number)")
        }
        func iconv(_ name: String, keepsASCII: Bool = true, _ names: String...) {
            for alias in names { table[alias] = .iconv(name: name, keepsASCII: keepsASCII) }
        }
        iconv("ISO-8859-8", "iso88598i", "iso88598e", "hebrew", "logical", "visual")
        iconv("ISO-8859-5", "cyrillic")
        iconv("ISO-8859-6", "arabic")
        iconv("ISO-8859-7", "greek")
        iconv("KOI8-R", "koi8r", "koi8", "koi", "cskoi8r")
        iconv("KOI8-U", "koi8u", "koi8ru")
        iconv("GB18030", "gb18030", "gb2312", "gb231280", "gbk", "xgbk", "euccn", "chinese", "csgb2312", "gb", "iso58gb231280")
        iconv("BIG5-HKSCS", "big5hkscs")
        iconv("BIG5", "big5", "xbig5", "big5eten", "cnbig5", "csbig5", "xxbig5")
        iconv("EUC-TW", "euctw", "xeuctw")
        iconv("EUC-JP-MS", "eucjp", "xeucjp", "ujis", "xeuc", "eucjpms")
        iconv("CP932", "shiftjis", "sjis", "xsjis", "mskanji", "windows31j", "xmscp932", "csshiftjis", "shiftjs")
        iconv("CP949", "euckr", "ksc5601", "ksc56011987", "ksc56011989", "korean", "uhc", "xwindows949", "cseuckr", "ksx1001")
        iconv("ISO-2022-JP-3", keepsASCII: false, "iso2022jp", "iso2022jp1", "iso2022jp2", "iso2022jp3", "csiso2022jp", "iso2022jpms")
        iconv("ISO-2022-KR", keepsASCII: false, "iso2022kr", "csiso2022kr")
        iconv("ISO-2022-CN", keepsASCII: false, "iso2022cn")
        iconv("UTF-7", keepsASCII: false, "utf7", "unicode11utf7", "unicode20utf7", "xunicode20utf7")
        iconv("UTF-16", keepsASCII: false, "utf16", "unicode", "ucs2", "iso10646ucs2")
        iconv("UTF-16LE", keepsASCII: false, "utf16le")
        iconv("UTF-16BE", keepsASCII: false, "utf16be")
        iconv("UTF-32", keepsASCII: false, "utf32", "ucs4", "iso10646ucs4")
        iconv("UTF-32LE", keepsASCII: false, "utf32le")
        iconv("UTF-32BE", keepsASCII: false, "utf32be")
        iconv("CP874", "tis620", "iso885911", "thai", "xthai")
        iconv("MACINTOSH", "macintosh", "macroman", "xmacroman", "mac", "xmac")
        iconv("MAC-CYRILLIC", "maccyrillic", "xmaccyrillic")
        iconv("MAC-CENTRALEUROPE", "maccentraleurope", "xmacce", "macce")
        iconv("TCVN5712-1", "tcvn", "tcvn5712")
        iconv("VISCII", "viscii", "viscii11")
        iconv("ARMSCII-8", "armscii8")
        iconv("GEORGIAN-PS", "georgianps")
        iconv("PT154", "pt154", "ptcp154")
        iconv("HP-ROMAN8", "hproman8", "roman8")
        iconv("IBM037", keepsASCII: false, "ebcdiccpus", "ibm037", "cp037")
        return table
    }()
}
