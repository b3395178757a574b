import Directory
import Disk
import Formats
import Foundation
import GRDB
import Testing

@Suite("Older databases")
struct MigrationTests {
    @Test("a database of the first version keeps its domains, accounts and aliases, and takes new ones")
    func firstVersionMigrates() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/directory.sqlite"
        try FirstVersion.make(at: path)
        let directory = try TestPlace.open(path)
        let snapshot = directory.snapshot
        let verified = try #require(snapshot.domain(try domain("demo.test")))
        #expect((verified.kind, verified.state, verified.verification.verifiedAt) == (.hosted, .verified, 1000))
        #expect(verified.verification.isByHand)
        #expect(verified.catchAll?.key == "alice@demo.test")
        #expect(snapshot.domain(try domain("old.test"))?.state == .suspended)
        let claims = try snapshot.claims(of: domain("pending.test"))
        #expect(claims.map(\.token) == ["0123456789abcdef0123456789abcdef"])
        #expect(claims[0].claimant == nil && claims[0].expiresAt > Int64(Date.now.timeIntervalSince1970))
        #expect(snapshot.account(try address("alice@demo.test"))?.role == .domainAdmin)
        #expect(snapshot.administrators(of: try domain("demo.test")).map(\.address.key) == ["alice@demo.test"])
        #expect(snapshot.alias(try address("info@demo.test"))?.recipients.map(\.key) == ["alice@demo.test"])
        #expect(snapshot.senderAddresses(for: AccountID(rawValue: "aalice")).map(\.key) == ["info@demo.test"])

        try await directory.addAccount(NewAccount(address: address("bob@demo.test")))
        #expect(directory.snapshot.accountCount == 2)
        #expect(directory.snapshot.revision > snapshot.revision)
        let queue = try DatabaseQueue(path: path)
        #expect(try await queue.read { try Row.fetchAll($0, sql: "PRAGMA foreign_key_check").isEmpty })
    }

    @Test("what is opened twice is brought up to date once")
    func opensAgain() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/directory.sqlite"
        try FirstVersion.make(at: path)
        _ = try TestPlace.open(path)
        #expect(try TestPlace.open(path).snapshot.domains.count == 3)
    }
}
