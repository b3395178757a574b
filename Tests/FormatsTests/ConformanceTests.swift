import Foundation
import Testing

@testable import Conformance

@Suite("Conformance with two other parsers on real mail")
struct ConformanceTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../shared/corpora/mail").standardized
    private static let isHere = FileManager.default.fileExists(atPath: folder.appending(path: "ORACLE.jsonl").path)

    @Test("every disagreement is judged", .enabled(if: isHere, "no corpus at ../shared/corpora/mail"))
    func agreement() throws {
        let oracle = try MailOracle(folder: Self.folder)
        for miss in oracle.disagreements where miss.judgement == nil {
            Issue.record("\(miss.field) \(miss.path): expected \(miss.expected), ours \(miss.ours)")
        }
        for field in MailOracle.fields { #expect(try #require(oracle.scores[field]).percent >= 98) }
    }

    @Test("SHA-256 of the comparison is SHA-256")
    func digest() {
        #expect(SHA256.hex(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }
}
