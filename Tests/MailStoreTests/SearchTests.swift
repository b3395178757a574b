import Foundation
import Testing

@testable import MailStore

@Suite struct SearchTests {
    /// Two hundred messages of few words, received in no order, a third of them in the archive.
    private func filled(_ account: MailAccount) async throws -> [(id: EmailID, words: [String], received: Int64, isArchived: Bool)] {
        let vocabulary = ["alpha", "alpine", "almond", "beta", "bet", "bética", "gamma", "会議室", "42nd", "x"]
        var random = SystemRandomNumberGenerator()
        var all: [(EmailID, [String], Int64, Bool)] = []
        for number in 0..<200 {
            let words = (0..<Int.random(in: 1...4, using: &random)).map { _ in vocabulary.randomElement(using: &random)! }
            // Mostly in order, as mail comes; every tenth is an old one that is imported.
            let received = Int64(number % 10 == 0 ? Int.random(in: 0..<5000) : 10_000 + number)
            let isArchived = number % 3 == 0
            let id = try await account.add(
                message("S\(number)", id: "\(number)@x", body: words.joined(separator: " ")), to: isArchived ? .archive : .inbox,
                at: received)
            all.append((id, words, received, isArchived))
        }
        return all.sorted { $0.2 > $1.2 }
    }

    @Test func theNewestThatMatchComeFirstWhateverOrderTheyWereFiledIn() async throws {
        let box = Box()
        let account = try await box.open()
        let all = try await filled(account)
        let inbox = try await account.mailbox(.inbox).id
        func expect(_ text: String, _ matches: ([String]) -> Bool) async throws {
            let found = all.filter { matches($0.words) }
            for limit in [1, 7, 50, nil] {
                let everywhere = try await account.ids(EmailQuery(filter: .text(text), limit: limit))
                #expect(times(everywhere, all) == found.prefix(limit ?? .max).map(\.received), "\(text) \(limit ?? 0)")
                let here = try await account.ids(EmailQuery(filter: .and([.inMailbox(inbox), .text(text)]), limit: limit))
                #expect(times(here, all) == found.filter { !$0.isArchived }.prefix(limit ?? .max).map(\.received), "\(text) in inbox")
            }
        }
        try await expect("alpha") { $0.contains("alpha") }
        try await expect("alp") { $0.contains { $0.hasPrefix("alp") } }
        try await expect("bet") { $0.contains { ["beta", "bet", "bética"].contains($0) } }
        try await expect("bét gamma") { $0.contains("gamma") && $0.contains { ["beta", "bet", "bética"].contains($0) } }
        try await expect("alp bet") { words in
            words.contains { $0.hasPrefix("alp") } && words.contains { ["beta", "bet", "bética"].contains($0) }
        }
        try await expect("会議") { $0.contains("会議室") }
        try await expect("議室") { $0.contains("会議室") }
        try await expect("42n") { $0.contains("42nd") }
        try await expect("\"bet\"") { $0.contains("bet") }
        try await expect("none") { _ in false }
        await account.close()
    }

    private func times(_ ids: [EmailID], _ all: [(id: EmailID, words: [String], received: Int64, isArchived: Bool)]) -> [Int64] {
        ids.map { id in all.first { $0.id == id }!.received }
    }

    @Test(arguments: [
        ("Alpha  BETA, gam-ma!", "alpha beta gam ma"), ("Straße Ærø İstanbul", "strasse aero istanbul"), ("日本語", "日本 本語 語"),
        ("a日b", "a 日 b"), ("één naïve", "een naive"), ("", ""), ("...", ""), ("😀ok", "ok"), ("x\u{301}y", "xy"), ("ﬁn", "ﬁn"),
    ])
    func wordsAreFolded(text: String, words: String) {
        #expect(SearchText.normalize(text) == words)
    }

    @Test(arguments: 0..<12) func textThatIsCutWithinACharacterIsReadUpToIt(limit: Int) {
        let text = "aé日😀b"
        let whole = SearchText.normalize(text)
        #expect(whole.hasPrefix(SearchText.normalize(text, limit: limit).split(separator: " ").dropLast().joined(separator: " ")))
    }

    @Test func beginningsAreThreeLettersOfLongEnoughWordsEachOnce() {
        let found = WordBeginnings.of(["abcd abc ab a abx", "été étés 42nd", "abcde"]).split(separator: " ")
        #expect(found.count == Set(found).count)
        #expect(Set(found) == ["abc", "abx", "été", "42n"])
    }
}
