import Disk
import Formats
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

    @Test func aLargeAttachmentIsReadFromAnyPlace() async throws {
        let box = Box()
        let account = try await box.open()
        let content = (0..<4_000_000).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 9) }
        func mail(_ encoding: String, _ encoded: [UInt8]) -> [UInt8] {
            Array(
                """
                Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nText\r\n--b\r
                Content-Type: application/pdf\r\nContent-Transfer-Encoding: \(encoding)\r\n\r\n
                """.utf8) + encoded + Array("\r\n--b--\r\n".utf8)
        }
        let plain = content.map { $0 % 64 + 0x30 }
        for (bytes, wanted) in [(mail("base64", Base64.encode(content, lineLength: 76)), content), (mail("8bit", plain), plain)] {
            let id = try await account.add(bytes)
            let reader = try await account.reader(of: .part(id, "2"))
            #expect(reader.size == wanted.count)
            for range in [0..<wanted.count, 0..<1, 1_234_567..<1_300_001, (wanted.count - 5)..<wanted.count, 7..<7] {
                #expect(try all(reader.pieces(of: range)) == Array(wanted[range]))
            }
            let message = try await account.reader(of: .email(id))
            #expect(try all(message.pieces(of: 0..<message.size)) == bytes)
        }
        await account.close()
    }

    @Test func aLargeUploadHasTheSameIdAsASmallOne() async throws {
        let box = Box()
        let account = try await box.open()
        let bytes = [UInt8](repeating: 65, count: 700_000)
        let path = box.path + "/upload"
        let staged = try StagedFile(creating: path)
        try staged.append(bytes)
        let upload = try await account.storeBlob(.file(path: path))
        #expect(upload.size == bytes.count)
        #expect(try await account.storeBlob(.bytes(bytes)).id == upload.id)
        #expect(try await account.storeBlob(.file(path: path)).id == upload.id)
        #expect(try await account.blob(upload.id).read() == bytes)
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

private func all(_ pieces: BlobReader.Pieces) throws -> [UInt8] {
    var pieces = pieces
    var bytes: [UInt8] = []
    while let piece = try pieces.next() {
        #expect(!piece.isEmpty && piece.count <= 4_000_000)
        bytes += piece
    }
    return bytes
}
