import Testing

@testable import JMAP

struct TypesTests {
    @Test(
        "RFC 8620 §1.2: ids",
        arguments: [
            ("a", true), ("A-_9", true), ("", false), ("a b", false), ("a.b", false), ("é", false), ("a=", false),
            (String(repeating: "x", count: 255), true), (String(repeating: "x", count: 256), false),
        ])
    func ids(text: String, isValid: Bool) { #expect((Id(text) != nil) == isValid) }

    @Test(
        "RFC 8620 §1.4: UTCDate",
        arguments: [
            ("1970-01-01T00:00:00Z", 0, 0), ("2014-10-30T06:12:00Z", 1_414_649_520, 0),
            ("2000-02-29T23:59:59.5Z", 951_868_799, 500_000_000), ("1969-12-31T23:59:59Z", -1, 0),
            ("9999-12-31T23:59:59Z", 253_402_300_799, 0), ("0001-01-01T00:00:00Z", -62_135_596_800, 0),
        ])
    func utcDates(text: String, seconds: Int, nanoseconds: Int) throws {
        let date = try #require(UTCDate(text))
        #expect(date == UTCDate(seconds: seconds, nanoseconds: nanoseconds))
        #expect(date.description == text)
    }

    @Test(
        "RFC 8620 §1.4: what is not a UTCDate",
        arguments: [
            "", "2014-10-30", "2014-10-30T06:12:00", "2014-10-30t06:12:00Z", "2014-10-30T06:12:00z", "2014-10-30 06:12:00Z",
            "2014-13-30T06:12:00Z", "2014-02-29T06:12:00Z", "2014-10-30T24:00:00Z", "2014-10-30T06:12:00.Z",
            "2014-10-30T06:12:00+00:00", "2014-10-30T06:12:00ZZ", "14-10-30T06:12:00Z", "2014-10-30T06:12:61Z",
        ])
    func notUTCDates(text: String) { #expect(UTCDate(text) == nil) }

    @Test(
        "RFC 8620 §1.4: Date keeps its offset",
        arguments: [
            ("2014-10-30T14:12:00+08:00", 1_414_649_520), ("2014-10-29T22:42:00-07:30", 1_414_649_520),
            ("2014-10-30T06:12:00Z", 1_414_649_520),
        ])
    func zonedDates(text: String, seconds: Int) throws {
        let date = try #require(ZonedDate(text))
        #expect(date.date.seconds == seconds)
        #expect(date.description == text)
    }

    @Test(
        "RFC 8620 §5.3: patches",
        arguments: [
            (#"{"a":2}"#, #"{"a":2,"b":{"c":1}}"#), (#"{"b/c":null}"#, #"{"a":1,"b":{}}"#),
            (#"{"b/d":5}"#, #"{"a":1,"b":{"c":1,"d":5}}"#), (#"{"a":null}"#, #"{"a":0,"b":{"c":1}}"#),
            (#"{"b":{"x":1}}"#, #"{"a":1,"b":{"x":1}}"#), (#"{"b/x":null}"#, #"{"a":1,"b":{"c":1}}"#),
            (#"{"b/e~1f":1}"#, #"{"a":1,"b":{"c":1,"e/f":1}}"#),
        ])
    func patches(patch: String, expected: String) throws {
        let record: JSONObject = ["a": 1, "b": ["c": 1]]
        let object = try #require(try JSON(parsing: patch).object)
        let result = try PatchObject(object).applied(to: record, defaults: ["a": 0])
        #expect(try JSON.object(result) == JSON(parsing: expected))
    }

    @Test(
        "RFC 8620 §5.3: invalidPatch",
        arguments: [
            #"{"b/c":1,"b":{}}"#, #"{"l/0":1}"#, #"{"x/y":1}"#, #"{"a/b":1}"#, #"{"b/c":1,"b/c/d":2}"#, #"{"a~":1}"#,
            #"{"b":{},"b-c":1,"b/d":2}"#,
        ])
    func invalidPatches(patch: String) throws {
        let record: JSONObject = ["a": 1, "b": ["c": 1], "l": [1]]
        let object = try #require(try JSON(parsing: patch).object)
        #expect { try PatchObject(object).applied(to: record) } throws: { ($0 as? SetError)?.type == "invalidPatch" }
    }
}
