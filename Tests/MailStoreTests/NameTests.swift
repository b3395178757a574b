import Testing

@testable import MailStore

@Suite struct NameTests {
    @Test(arguments: [
        ("1.M2P3.host", "1.M2P3.host", ""), ("1.M2.h,S=12:2,RS", "1.M2.h", "RS"), ("1.M2.h,U=7:2,", "1.M2.h", ""),
        ("a:2,Sab", "a", "Sab"), ("a:1,x", "a", ""),
    ]) func aNameIsTakenApart(full: String, unique: String, letters: String) throws {
        let name = try #require(MaildirName(full))
        #expect(name.unique == unique[...])
        #expect(name.letters == letters[...])
    }

    @Test func hiddenFilesAreNoMessages() {
        #expect(MaildirName(".nfs123") == nil && MaildirName("") == nil && MaildirName(":2,S") == nil)
    }

    @Test func theConversationIsInTheName() throws {
        let base = UniqueName.base(unique: "1.M2.h", size: 99, thread: -5)
        #expect(MaildirName(base + ":2,S")?.thread == -5)
        #expect(MaildirName("1.h,S=9")?.thread == nil)
    }

    @Test(arguments: [
        ("Sent", "Sent"), ("Entwürfe", "Entw&APw-rfe"), ("A&B", "A&-B"), ("a.b", "a&AC4-b"), ("日本語", "&ZeVnLIqe-"),
        ("~peter", "~peter"), ("😀", "&2D3eAA-"),
    ]) func namesAreEncodedAsInIMAP(name: String, encoded: String) {
        #expect(ModifiedUTF7.encode(name) == encoded)
        #expect(ModifiedUTF7.decode(encoded) == name)
    }

    @Test func whatIsNoEncodingStaysAsItIs() {
        #expect(ModifiedUTF7.decode("A&B") == "A&B")
        #expect(ModifiedUTF7.decode("Entwürfe") == "Entwürfe")
        #expect(ModifiedUTF7.decode("&!!-") == "&!!-")
    }

    @Test(arguments: [0, 1, -1, Int64.max, Int64.min]) func numbersSurviveBase32(number: Int64) {
        #expect(Base32.decode(Base32.encode(number)) == number)
        #expect(EmailID(key: number).key == number)
    }

    @Test func keywordsAreLowerCaseAndChecked() {
        #expect(Keyword(rawValue: "$Seen") == .seen)
        for bad in ["", "a b", "a%", "ü", "a\\b", String(repeating: "a", count: 256)] { #expect(Keyword(rawValue: bad) == nil) }
    }

    @Test(arguments: [
        ("Hello, World", "hello world"), ("Ärger über Größe", "arger uber grosse"), ("naïve café", "naive cafe"),
        ("日本語", "日本 本語 語"), ("a日b", "a 日 b"), ("ПРИВЕТ", "привет"), ("x@y.z", "x y z"), ("é", "e"),
        ("Ｆｕｌｌ", "full"), ("한국어", "한국 국어 어"), ("  ", ""),
    ]) func textIsFolded(text: String, words: String) {
        #expect(SearchText.normalize(text) == words)
    }

    @Test(arguments: [
        ("foo bar", "(\"foo\" * AND \"bar\" *)"), ("\"foo bar\" baz", "(\"foo bar\" AND \"baz\" *)"), ("ab", "(\"ab\")"),
        ("'it is'", "(\"it is\")"), ("don't", "(\"don t\")"), ("日本語", "(\"日本 本語\")"), ("語", "(\"語\" *)"),
        ("\"say \\\"hi\\\"\"", "(\"say hi\")"), ("a.b@c.dev", "(\"a b c dev\" *)"), ("do", "(\"do\")"),
    ]) func searchesAreRead(text: String, expression: String) {
        #expect(SearchTerms(text).expression(columns: []) == expression)
    }
}
