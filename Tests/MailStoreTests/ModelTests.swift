import Disk
import Testing

@testable import MailStore

/// Numbers that are the same in every run.
struct Dice: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}

/// Random operations, compared with the simplest thing that could be right, and a client that only follows changes.
@Suite struct ModelTests {
    struct Model {
        var mailbox: MailboxID
        var keywords: Set<Keyword>
        var received: Int64
    }

    @Test(arguments: [1, 2, 3, 4]) func randomOperationsMatchTheModelAndTheChanges(seed: UInt64) async throws {
        let box = Box()
        try await box.scenario { account in
            var dice = Dice(seed)
            var model: [EmailID: Model] = [:]
            let boxes = try await account.read { try $0.mailboxes().map(\.id) }
            let custom = try #require(Keyword(rawValue: "project-x"))
            let all: [Keyword] = [.seen, .flagged, .draft, .answered, .forwarded, custom]
            var known: [EmailID: Email] = [:]
            var state = try await account.state()
            let queries = try await Follower.all(account)
            for step in 0..<60 {
                let ids = model.keys.sorted { $0.rawValue < $1.rawValue }
                switch Int.random(in: 0..<10, using: &dice) {
                case 0...3:
                    let thread = Int.random(in: 0..<8, using: &dice)
                    let received = Int64.random(in: 1...40, using: &dice)
                    let keywords = Set(all.filter { _ in Bool.random(using: &dice) && Bool.random(using: &dice) })
                    let target = boxes.randomElement(using: &dice)!
                    let id = try await account.deliver(
                        MessageContent(.bytes(message("Re: Topic \(thread)", id: "\(seed).\(step)@x", references: "<root\(thread)@x>"))),
                        to: .mailbox(target), keywords: keywords, receivedAt: UnixTime(seconds: received))
                    model[id] = Model(mailbox: target, keywords: keywords, received: received)
                case 4...6 where !ids.isEmpty:
                    var patches: [(id: EmailID, patch: EmailPatch)] = []
                    for id in Set((0..<3).map { _ in ids.randomElement(using: &dice)! }) {
                        let keyword = all.randomElement(using: &dice)!
                        if Bool.random(using: &dice) {
                            patches.append((id, EmailPatch(keywords: .patch(add: [keyword], remove: []))))
                            model[id]!.keywords.insert(keyword)
                        } else {
                            patches.append((id, EmailPatch(keywords: .patch(add: [], remove: [keyword]))))
                            model[id]!.keywords.remove(keyword)
                        }
                    }
                    #expect(try await account.updateEmails(patches) == [:])
                case 7 where !ids.isEmpty:
                    let id = ids.randomElement(using: &dice)!
                    let target = boxes.randomElement(using: &dice)!
                    #expect(try await account.updateEmails([(id, EmailPatch(mailboxId: target))]) == [:])
                    model[id]!.mailbox = target
                case 8 where !ids.isEmpty:
                    let gone = Set((0..<2).map { _ in ids.randomElement(using: &dice)! })
                    #expect(try await account.destroyEmails(Array(gone)) == [:])
                    for id in gone { model[id] = nil }
                default:
                    try await account.reconcile()
                }
                if step % 7 == 6 {
                    try await follow(account, &known, &state)
                    #expect(Set(known.keys) == Set(model.keys))
                    for (id, expected) in model {
                        #expect(known[id]?.keywords == expected.keywords && known[id]?.mailboxId == expected.mailbox)
                    }
                    for query in queries { try await query.follow(account) }
                }
            }
            let mailboxes = try await account.read { try $0.mailboxes() }
            for mailbox in mailboxes {
                let here = model.values.filter { $0.mailbox == mailbox.id }
                #expect(mailbox.totalEmails == here.count)
                #expect(mailbox.unreadEmails == here.count { $0.keywords.isDisjoint(with: [.seen, .draft]) })
            }
            try await expectSound(account)
        }
    }

    /// Follows `Email/changes` in small pages, as a client does.
    private func follow(_ account: MailAccount, _ known: inout [EmailID: Email], _ state: inout StateToken) async throws {
        var hasMore = true
        while hasMore {
            let from = state
            let (page, emails) = try await account.read { reader in
                let page = try reader.changes(.email, since: from, limit: 3)
                return (page, try reader.emails((page.created + page.updated).map { EmailID(rawValue: $0) }))
            }
            #expect(page.created.count + page.updated.count + page.destroyed.count <= 3)
            for email in emails { known[email.id] = email }
            for id in page.destroyed { known[EmailID(rawValue: id)] = nil }
            state = page.newState
            hasMore = page.hasMoreChanges
        }
    }
}

/// A client's copy of a query's result, brought up to date by `queryChanges` alone.
final class Follower {
    let query: EmailQuery
    private var ids: [EmailID]
    private var state: StateToken

    init(_ query: EmailQuery, _ account: MailAccount) async throws {
        self.query = query
        let page = try await account.read { try $0.query(query) }
        ids = page.ids
        state = page.queryState
    }

    static func all(_ account: MailAccount) async throws -> [Follower] {
        let inbox = try await account.mailbox(.inbox).id
        let trash = try await account.mailbox(.trash).id
        var followers: [Follower] = []
        for collapses in [false, true] {
            for filter: EmailFilter? in [
                nil, .inMailbox(inbox), .and([.inMailbox(inbox), .notKeyword(.seen)]), .not([.inMailbox(trash)]),
                .someInThreadHaveKeyword(.flagged), .allInThreadHaveKeyword(.seen), .text("topic"), .subject("\"topic 3\""),
            ] {
                followers.append(try await Follower(EmailQuery(filter: filter, collapseThreads: collapses, calculateTotal: true), account))
            }
            let flagged = EmailComparator(.someInThreadHaveKeyword(.flagged), isAscending: false)
            followers.append(
                try await Follower(
                    EmailQuery(filter: .inMailbox(inbox), sort: [flagged, EmailComparator(.receivedAt)], collapseThreads: collapses, calculateTotal: true),
                    account))
        }
        return followers
    }

    func follow(_ account: MailAccount) async throws {
        let (query, from) = (query, state)
        let (changes, page) = try await account.read { reader in
            (try reader.queryChanges(query, since: from, maxChanges: nil, upTo: nil), try reader.query(query))
        }
        ids.removeAll { changes.removed.contains($0) }
        for added in changes.added { ids.insert(added.id, at: min(added.index, ids.count)) }
        state = changes.newQueryState
        #expect(ids == page.ids, "\(query)")
        #expect(changes.total == page.total)
        ids = page.ids
    }
}
