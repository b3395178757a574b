import Disk
import Testing

@testable import MailStore

@Suite struct RecordAndBlobTests {
    @Test func recordsHaveStatesAndSurviveARebuild() async throws {
        let box = Box()
        let account = try await box.open()
        let start = try await account.state(.identity)
        try await account.putRecord(.identity, AccountRecord(id: "one", json: Array("{\"name\":\"A\"}".utf8)))
        try await account.putRecord(.identity, AccountRecord(id: "two", json: Array("{}".utf8)))
        let middle = try await account.state(.identity)
        try await account.putRecord(.identity, AccountRecord(id: "one", json: Array("{\"name\":\"B\"}".utf8)))
        try await account.removeRecord(.identity, id: "two")
        let all = try await account.read { try $0.changes(.identity, since: start, limit: nil) }
        #expect(all.created == ["one"] && all.updated == [] && all.destroyed == [])
        let late = try await account.read { try $0.changes(.identity, since: middle, limit: nil) }
        #expect(late.updated == ["one"] && late.destroyed == ["two"])
        await #expect(throws: StoreError.notFound) { try await account.removeRecord(.identity, id: "two") }
        await #expect(throws: StoreError.self) {
            try await account.putRecord(.identity, AccountRecord(id: "../x", json: []))
        }
        let before = try await account.read { try $0.records(.identity) }
        try await account.rebuild()
        #expect(try await account.read { try $0.records(.identity) } == before)
        #expect(before == [AccountRecord(id: "one", json: Array("{\"name\":\"B\"}".utf8))])
        await #expect(throws: StoreError.stateUnknown) {
            try await account.read { try $0.changes(.identity, since: middle, limit: nil) }
        }
        await account.close()
    }

    @Test func aBlobIsAMessageAPartOrAnUpload() async throws {
        let box = Box()
        let account = try await box.open()
        let id = try await account.add(message("A", id: "a@x", body: "Text"))
        #expect(try await account.blob(.email(id)).read() == message("A", id: "a@x", body: "Text"))
        #expect(try await account.blob(.part(id, "1")).read() == Array("Text\r\n".utf8))
        let upload = try await account.storeBlob(.bytes(Array("bytes".utf8)))
        #expect(try await account.blob(upload.id).read() == Array("bytes".utf8))
        let again = try await account.storeBlob(.bytes(Array("bytes".utf8)))
        #expect(again.id == upload.id)
        for id in ["", "B", "Bxyz", "Uabc", "U../../etc/passwd0000000000", "P" + id.rawValue.dropFirst() + "-9", "?"] {
            await #expect(throws: StoreError.notFound) { try await account.blob(BlobID(rawValue: id)) }
        }
        await account.close()
    }

    @Test func statesOfAnotherEpochAreUnknown() async throws {
        let box = Box()
        let account = try await box.open()
        try await account.add(message())
        let state = try await account.state()
        for wrong in [
            StateToken(epoch: "other", sequence: 0), StateToken(epoch: state.epoch, sequence: state.sequence + 1000),
        ] {
            await #expect(throws: StoreError.stateUnknown) {
                try await account.read { try $0.changes(.email, since: wrong, limit: nil) }
            }
            await #expect(throws: EmailQueryError.cannotCalculateChanges) {
                try await account.read { try $0.queryChanges(EmailQuery(), since: wrong, maxChanges: nil, upTo: nil) }
            }
        }
        #expect(StateToken(rawValue: state.rawValue) == state)
        #expect(StateToken(rawValue: "x") == nil && StateToken(rawValue: ".1") == nil && StateToken(rawValue: "a.-1") == nil)
        await account.close()
    }

    @Test func accountsAreOpenedOnceAndRetired() async throws {
        let box = Box()
        let accounts = MailAccounts(root: box.path, capacity: 1)
        let one = try await accounts.account(for: Box.key)
        #expect(try await accounts.account(for: Box.key) === one)
        let other = try await accounts.account(for: AccountKey(domain: "demo.test", localPart: "bob"))
        // Out of the cache, but somebody holds it: still the same.
        #expect(try await accounts.account(for: Box.key) === one)
        #expect(try accounts.existing().map(\.localPart) == ["alice", "bob"])
        for bad in ["", "..", "a/b"] {
            await #expect(throws: StoreError.self) {
                try await accounts.account(for: AccountKey(domain: "demo.test", localPart: bad))
            }
        }
        let target = try await accounts.retire(Box.key, to: box.path + "/trash")
        #expect(DiskFile.exists(target + "/Maildir/cur") && !DiskFile.exists(box.folder))
        _ = other
        await accounts.shutdown()
    }
}
