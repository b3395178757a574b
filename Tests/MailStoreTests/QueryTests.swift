import Testing

@testable import MailStore

@Suite struct QueryTests {
    @Test func aMailboxIsListedNewestFirstFromAnyPosition() async throws {
        try await Box().scenario { account in
            var ids: [EmailID] = []
            for number in 0..<20 { ids.append(try await account.add(message("M\(number)", id: "\(number)@x"), at: Int64(1000 + number))) }
            let inbox = try await account.mailbox(.inbox).id
            let newest = Array(ids.reversed())
            func page(_ window: EmailQuery.Window, _ limit: Int?) async throws -> EmailQueryPage {
                try await account.read {
                    try $0.query(EmailQuery(filter: .inMailbox(inbox), window: window, limit: limit, calculateTotal: true))
                }
            }
            #expect(try await page(.position(0), 5).ids == Array(newest[0..<5]))
            let deep = try await page(.position(15), 3)
            #expect(deep.ids == Array(newest[15..<18]))
            #expect(deep.position == 15)
            #expect(deep.total == 20)
            #expect(try await page(.position(18), 5).ids == Array(newest[18...]))
            #expect(try await page(.position(99), 5).ids == [])
            let last = try await page(.position(-3), 2)
            #expect(last.ids == Array(newest[17..<19]))
            #expect(last.position == 17)
            #expect(try await page(.anchor(newest[7], offset: -2), 3).ids == Array(newest[5..<8]))
            #expect(try await page(.anchor(newest[1], offset: -5), 3).ids == Array(newest[0..<3]))
            await #expect(throws: EmailQueryError.anchorNotFound) {
                try await page(.anchor(EmailID(rawValue: "Mnone"), offset: 0), 1)
            }
            #expect(try await page(.position(0), nil).ids == newest)
        }
    }

    @Test func conversationsCollapseToTheirNewestEmailHere() async throws {
        try await Box().scenario { account in
            let a1 = try await account.add(message("A", id: "a1@x"), at: 1000)
            let b1 = try await account.add(message("B", id: "b1@x"), at: 2000)
            let a2 = try await account.add(message("Re: A", id: "a2@x", references: "<a1@x>"), at: 3000)
            let a3 = try await account.add(message("Re: A", id: "a3@x", references: "<a1@x>"), to: .sent, at: 4000)
            let inbox = try await account.mailbox(.inbox).id
            let query = EmailQuery(filter: .inMailbox(inbox), collapseThreads: true, calculateTotal: true)
            let page = try await account.read { try $0.query(query) }
            #expect(page.ids == [a2, b1])
            #expect(page.total == 2)
            var oldest = query
            oldest.sort = [EmailComparator(.receivedAt)]
            #expect(try await account.ids(oldest) == [a1, b1])
            #expect(try await account.ids(EmailQuery(collapseThreads: true)) == [a3, b1])
        }
    }

    @Test func everyConditionHolds() async throws {
        try await Box().scenario { account in
            let custom = try #require(Keyword(rawValue: "work"))
            let old = try await account.add(
                message("Invoice 42", from: "Jürgen <j@firm.example>", id: "a@x", body: "Please pay Straße soon."), keywords: [.seen], at: 1000)
            let new = try await account.add(
                message("Re: Invoice 42", to: "Carol <carol@demo.test>", id: "b@x", references: "<a@x>", body: "日本語のテキスト", extra: "X-Test: Some Value\r\nCc: dan@demo.test\r\n"),
                keywords: [.flagged, custom], at: 2000)
            let junk = try await account.add(message("Win big", id: "c@x", body: String(repeating: "money ", count: 500)), to: .junk, at: 3000)
            let inbox = try await account.mailbox(.inbox).id
            let junkbox = try await account.mailbox(.junk).id
            func expect(_ filter: EmailFilter, _ ids: [EmailID], _ location: SourceLocation = #_sourceLocation) async throws {
                #expect(try await account.ids(filter) == ids, sourceLocation: location)
            }
            try await expect(.inMailbox(inbox), [new, old])
            try await expect(.inMailboxOtherThan([inbox]), [junk])
            try await expect(.before(UnixTime(seconds: 2000)), [old])
            try await expect(.after(UnixTime(seconds: 2000)), [junk, new])
            try await expect(.minSize(2000), [junk])
            try await expect(.maxSize(2000), [new, old])
            try await expect(.hasKeyword(.seen), [old])
            try await expect(.notKeyword(.seen), [junk, new])
            try await expect(.hasKeyword(custom), [new])
            try await expect(.someInThreadHaveKeyword(.flagged), [new, old])
            try await expect(.allInThreadHaveKeyword(.seen), [])
            try await expect(.noneInThreadHaveKeyword(.flagged), [junk])
            try await expect(.hasAttachment(false), [junk, new, old])
            try await expect(.text("invoice"), [new, old])
            try await expect(.text("strasse"), [old])
            try await expect(.text("jurgen"), [old])
            try await expect(.text("pay money"), [])
            try await expect(.text("\"pay straße\""), [old])
            try await expect(.text("\"straße pay\""), [])
            try await expect(.text("inv"), [new, old])
            try await expect(.text("日本"), [new])
            try await expect(.text("語"), [new])
            try await expect(.text("本日"), [])
            try await expect(.text("テキスト"), [new])
            try await expect(.from("firm.example"), [old])
            try await expect(.to("carol"), [new])
            try await expect(.cc("dan"), [new])
            try await expect(.bcc("dan"), [])
            try await expect(.subject("win"), [junk])
            try await expect(.body("win"), [])
            try await expect(.body("money"), [junk])
            try await expect(.header(name: "x-test", text: nil), [new])
            try await expect(.header(name: "X-Test", text: "some value"), [new])
            try await expect(.header(name: "X-Test", text: "other"), [])
            try await expect(.text(""), [junk, new, old])
            try await expect(.text("!!!"), [])
            try await expect(.and([]), [junk, new, old])
            try await expect(.and([.inMailbox(inbox), .notKeyword(.seen)]), [new])
            try await expect(.or([.inMailbox(junkbox), .hasKeyword(.seen)]), [junk, old])
            try await expect(.not([.inMailbox(junkbox), .hasKeyword(.seen)]), [new])
            try await expect(.inMailbox(MailboxID(rawValue: "Fnone")), [])
        }
    }

    @Test func everySortOrders() async throws {
        try await Box().scenario { account in
            let a = try await account.add(message("Re: banana", from: "zed@x.test", id: "a@x", body: "longer body than the others"), keywords: [.flagged], at: 3000)
            let b = try await account.add(message("Apple", from: "Bert <q@x.test>", to: "Zoe <z@x>", id: "b@x"), at: 2000)
            let c = try await account.add(message("cherry", from: "anna@x.test", to: "Adam <z@x>", id: "c@x", body: "x"), at: 1000)
            func expect(_ property: EmailComparator.Property, _ ids: [EmailID], _ location: SourceLocation = #_sourceLocation) async throws {
                #expect(try await account.ids(EmailQuery(sort: [EmailComparator(property)])) == ids, sourceLocation: location)
                #expect(
                    try await account.ids(EmailQuery(sort: [EmailComparator(property, isAscending: false)])) == ids.reversed(),
                    sourceLocation: location)
            }
            try await expect(.receivedAt, [c, b, a])
            try await expect(.size, [c, b, a])
            try await expect(.from, [c, b, a])
            try await expect(.subject, [b, a, c])
            #expect(try await account.ids(EmailQuery(sort: [EmailComparator(.to)])) == [c, a, b])
            let flagged = EmailQuery(sort: [
                EmailComparator(.hasKeyword(.flagged), isAscending: false), EmailComparator(.subject),
            ])
            #expect(try await account.ids(flagged) == [a, b, c])
        }
    }

    @Test func snippetsMarkTheWords() async throws {
        try await Box().scenario { account in
            let id = try await account.add(
                message("Tomatoes & <basil>", id: "a@x", body: "We planted many things.\r\nThe tomatoes are ripe & red, said Zoë. 日本語のテキスト"))
            func snippet(_ filter: EmailFilter) async throws -> SearchSnippet {
                try #require(try await account.read { try $0.snippets(filter, for: [id]) }.first)
            }
            let tomato = try await snippet(.text("tomato"))
            #expect(tomato.subject == "<mark>Tomatoes</mark> &amp; &lt;basil&gt;")
            #expect(tomato.preview?.contains("The <mark>tomatoes</mark> are ripe &amp; red") == true)
            #expect(try await snippet(.body("zoe")).preview?.contains("<mark>Zoë</mark>") == true)
            #expect(try await snippet(.text("本語")).preview?.contains("日<mark>本語</mark>の") == true)
            let none = try await snippet(.text("\"ripe tomatoes\""))
            #expect(none.subject == nil && none.preview == nil)
            #expect(try await snippet(.subject("ripe")).preview == nil)
            let whole = try await account.add(message("Ends", id: "b@x", body: "  short text \r\n\r\n "))
            let preview = try await account.read { try $0.snippets(.body("short"), for: [whole]).first?.preview }
            #expect(preview == "<mark>short</mark> text")
        }
    }
}
