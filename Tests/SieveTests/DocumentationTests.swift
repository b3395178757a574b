import Foundation
import Sieve
import Testing

@Suite("The page for users")
struct DocumentationTests {
    /// The scripts in docs/filters.md.
    static let examples: [String] = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let page = (try? String(contentsOf: root.appending(path: "docs/filters.md"), encoding: .utf8)) ?? ""
        return page.split(separator: "```sieve\n").dropFirst().map { String($0.prefix(upTo: $0.firstRange(of: "\n```")?.lowerBound ?? $0.endIndex)) }
    }()

    @Test("every example is a script that runs", arguments: examples)
    func exampleRuns(script: String) throws {
        #expect(try Scenario().run(script).error == nil)
    }

    @Test("the page has its examples, and names every extension")
    func pageIsComplete() throws {
        #expect(Self.examples.count >= 9)
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(contentsOf: root.appending(path: "docs/filters.md"), encoding: .utf8)
        for name in SieveScript.extensions where name != "comparator-i;octet" && name != "comparator-i;ascii-casemap" {
            #expect(page.contains("`\(name)`"), "\(name)")
        }
    }
}
