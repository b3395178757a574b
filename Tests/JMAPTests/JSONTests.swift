import Testing

@testable import JMAP

struct JSONTests {
    @Test(
        "RFC 8259: what is JSON is read, and written back",
        arguments: [
            ("null", "null"), (" true ", "true"), ("[false]", "[false]"), ("0", "0"), ("-12", "-12"),
            ("9007199254740991", "9007199254740991"), ("3.14", "3.14"), ("1e3", "1000"), ("-0.5E-2", "-0.005"),
            ("\"\"", "\"\""), (#""a\"\\\/\b\f\n\r\t""#, #""a\"\\/\b\f\n\r\t""#), (#""\u00e9\uD83D\uDE00""#, "\"é😀\""),
            (#""\u0001""#, #""\u0001""#), ("[]", "[]"), ("[1, [2, []]]", "[1,[2,[]]]"), ("{}", "{}"),
            (#"{"b":1,"a":{"c":null}}"#, #"{"b":1,"a":{"c":null}}"#),
        ])
    func roundTrip(text: String, written: String) throws {
        #expect(try JSON(parsing: text).description == written)
    }

    @Test(
        "RFC 8259, RFC 7493: what is not I-JSON is refused",
        arguments: [
            ("", JSONError.Reason.unexpectedEnd), ("tru", .unexpectedEnd), ("nulL", .unexpectedByte), ("01", .invalidNumber),
            ("-", .invalidNumber), ("1.", .invalidNumber), ("1e", .invalidNumber), ("1e999", .numberTooLarge),
            ("+1", .unexpectedByte), ("[1,]", .unexpectedByte), ("[1 2]", .unexpectedByte), ("{\"a\"}", .unexpectedByte),
            ("{\"a\":1,}", .unexpectedByte), ("{a:1}", .unexpectedByte), ("\"abc", .unexpectedEnd),
            ("\"\u{1}\"", .controlCharacter), (#""\x""#, .invalidEscape), (#""\u12g4""#, .invalidEscape),
            (#""\ud800""#, .loneSurrogate), (#""\udc00\ud800""#, .loneSurrogate), (#""\ud800\u0041""#, .loneSurrogate),
            (#"{"a":1,"a":2}"#, .duplicateName), ("1 1", .trailingBytes), ("NaN", .unexpectedByte),
        ])
    func refused(text: String, reason: JSONError.Reason) {
        #expect { try JSON(parsing: text) } throws: { ($0 as? JSONError)?.reason == reason }
    }

    @Test(
        "RFC 3629: bytes that are not UTF-8 are refused",
        arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82]] as [[UInt8]])
    func invalidUTF8(bytes: [UInt8]) {
        #expect { try JSON(parsing: [0x22] + bytes + [0x22]) } throws: { ($0 as? JSONError)?.reason == .invalidUTF8 }
        #expect { try JSON(parsing: Array("\"\\n".utf8) + bytes + [0x22]) } throws: {
            ($0 as? JSONError)?.reason == .invalidUTF8
        }
    }

    @Test func depthIsBounded() throws {
        func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        _ = try JSON(parsing: nested(JSON.maxDepth))
        #expect { try JSON(parsing: nested(100_000)) } throws: { ($0 as? JSONError)?.reason == .tooDeep }
    }

    @Test func largeObjectsKeepOrderAndFindDuplicates() throws {
        let members = (0..<1000).map { "\"k\($0)\":\($0)" }
        let object = try #require(try JSON(parsing: "{" + members.joined(separator: ",") + "}").object)
        #expect(object["k999"] == 999)
        #expect(object.names.first == "k0" && object.names.last == "k999")
        #expect(throws: JSONError.self) { try JSON(parsing: "{" + (members + ["\"k0\":0"]).joined(separator: ",") + "}") }
        var smaller = object
        smaller["k500"] = nil
        #expect(smaller["k500"] == nil && smaller["k501"] == 501 && smaller.count == 999)
    }

    @Test("Numbers count as Int when their value is whole and safe (RFC 8620 §1.3)")
    func integers() throws {
        #expect(try JSON(parsing: "1.0").int == 1)
        #expect(try JSON(parsing: "1.5").int == nil)
        #expect(try JSON(parsing: "9007199254740993").int == nil)
        #expect(try JSON(parsing: "-1").unsigned == nil)
    }

    @Test("Objects are equal whatever the order of their members") func equality() throws {
        #expect(try JSON(parsing: #"{"a":1,"b":[2]}"#) == JSON(parsing: #"{"b":[2],"a":1}"#))
    }

    @Test(
        "RFC 6901 and RFC 8620 §3.7: pointers",
        arguments: [
            ("", #"{"list":[{"id":"a","t":["x","y"]},{"id":"b","t":["z"]}],"m~n":{"/":1}}"#), ("/list/0/id", "\"a\""),
            ("/list/*/id", #"["a","b"]"#), ("/list/*/t", #"["x","y","z"]"#), ("/list/*/t/0", #"["x","z"]"#),
            ("/m~0n/~1", "1"), ("/list/2", nil), ("/list/00", nil), ("/list/-", nil), ("/none", nil), ("/list/*/none", nil),
            ("/m~0n/*", nil),
        ] as [(String, String?)])
    func pointers(path: String, expected: String?) throws {
        let root = try JSON(parsing: #"{"list":[{"id":"a","t":["x","y"]},{"id":"b","t":["z"]}],"m~n":{"/":1}}"#)
        #expect(JSONPointer(parsing: path)?.resolve(in: root)?.description == expected)
    }

    @Test(arguments: ["a", "/a~", "/a~2"]) func malformedPointers(path: String) {
        #expect(JSONPointer(parsing: path) == nil)
    }
}
