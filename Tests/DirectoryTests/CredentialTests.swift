import Directory
import Disk
import Formats
import Foundation
import GRDB
import Synchronization
import Testing

@testable import Directory

@Suite("Passwords")
struct PasswordTests {
    @Test("a new hash is yescrypt, salted, and matches its password alone")
    func yescrypt() throws {
        let one = try #require(PasswordHash(hashing: "grün wie die Hoffnung"))
        let two = try #require(PasswordHash(hashing: "grün wie die Hoffnung"))
        #expect(one.crypt.hasPrefix("$y$"))
        #expect(one.crypt != two.crypt)
        #expect(one.matches("grün wie die Hoffnung"))
        #expect(!one.matches("grün wie die hoffnung"))
        #expect(!one.isOutdated)
    }

    @Test("hashes of other systems are taken", arguments: [
        "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
        "{SHA512-CRYPT}$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
    ])
    func foreignHashes(stored: String) {
        let hash = PasswordHash(stored: stored)
        #expect(hash.matches("Hello world!"))
        #expect(!hash.matches("Hello world"))
        #expect(hash.isOutdated)
    }

    @Test("what crypt(3) would cut short is refused", arguments: ["with\0null and more", String(repeating: "x", count: 513)])
    func impossiblePasswords(password: String) {
        #expect(PasswordHash(hashing: password) == nil)
    }

    @Test("nobody's hash matches nothing", arguments: ["", "nobody", "*"])
    func nobody(password: String) {
        #expect(!PasswordHash.ofNobody.matches(password))
        #expect(!PasswordHash(stored: "*").matches(password))
        #expect(!PasswordHash(stored: "").matches(password))
    }

    @Test("obvious passwords are refused", arguments: [
        "short", "elevenchars", "aaaaaaaaaaaaaaa", "abcabcabcabcabc", "alice@example.org", "alice-example.org1",
        "password1234", "P@ssw0rd!!!!!!", "qwertyuiop123", "123456789012", "abcdefghijklmn", "welcome!!!!!!2026",
        "correcthorsebatterystaple", "control\u{7}character", String(repeating: "äöü", count: 200),
    ])
    func refused(password: String) throws {
        #expect(throws: PasswordPolicy.Refusal.self) {
            try PasswordPolicy.check(password, for: address("alice@example.org"))
        }
    }

    @Test("others are taken", arguments: [
        "brave green tomatoes", "Zufällig-gewählt-9", "k2m9-x8qp-7fhz-w3ud", "我的密码很长而且独特呢对吧", "alice likes wild plums",
    ])
    func taken(password: String) throws {
        #expect(throws: Never.self) { try PasswordPolicy.check(password, for: address("alice@example.org")) }
    }
}

@Suite("Log-in")
struct AuthenticatorTests {
    private static let password = "brave green tomatoes"

    @Test("address in any case, and the right password")
    func right() async throws {
        let place = try TestPlace()
        let alice = try await place.people(["alice"], password: Self.password)[0]
        let authenticator = Authenticator(directory: place.directory)
        let account = try await authenticator.authenticate(address: "Alice@EXAMPLE.org", password: Self.password, client: nil)
        #expect(account.id == alice.id)
    }

    @Test("wrong password, unknown address, disabled and password-less accounts are refused alike")
    func wrong() async throws {
        let place = try TestPlace()
        let people = try await place.people(["alice", "bob"], password: Self.password)
        try await place.people(["carol"])
        try await place.directory.setEnabled(false, of: people[1].id)
        let authenticator = Authenticator(directory: place.directory)
        let attempts = [
            ("alice@example.org", "brave green tomatoe"), ("nobody@example.org", Self.password), ("", ""),
            ("not an address", Self.password), ("bob@example.org", Self.password), ("carol@example.org", ""),
        ]
        for (address, password) in attempts {
            await #expect(throws: Authenticator.Failure.refused) {
                try await authenticator.authenticate(address: address, password: password, client: nil)
            }
        }
    }

    @Test("an unknown address takes as long as a known one")
    func uniformTime() async throws {
        let place = try TestPlace()
        try await place.people(["alice"], password: Self.password)
        let authenticator = Authenticator(directory: place.directory)
        let clock = ContinuousClock()
        func time(_ address: String) async -> Duration {
            await clock.measure {
                _ = try? await authenticator.authenticate(address: address, password: "wrong", client: nil)
            }
        }
        // By turns, so that what a busy machine adds is added to both; and less often than the throttle lets through.
        var (known, unknown) = (Duration.seconds(60), Duration.seconds(60))
        for _ in 0..<8 {
            known = min(known, await time("alice@example.org"))
            unknown = min(unknown, await time("nobody@example.org"))
        }
        #expect(known > .milliseconds(1), "a password was really checked")
        #expect(known < unknown * 4 && unknown < known * 4, "\(known) and \(unknown)")
    }

    @Test("the delay grows with failures, holds against the right password too, and passes")
    func throttling() async throws {
        let place = try TestPlace()
        try await place.people(["alice"], password: Self.password)
        let now = Mutex(0.0)
        let authenticator = Authenticator(directory: place.directory) { now.withLock { $0 } }
        func attempt(_ password: String) async -> Authenticator.Failure? {
            do throws(Authenticator.Failure) {
                _ = try await authenticator.authenticate(
                    address: "alice@example.org", password: password, client: ClientAddress("192.0.2.1"))
                return nil
            } catch {
                return error
            }
        }
        for _ in 0..<10 { #expect(await attempt("wrong") == .refused) }
        #expect(await attempt("wrong") == .throttled(seconds: 1))
        #expect(await attempt(Self.password) == .throttled(seconds: 1))
        now.withLock { $0 += 1.1 }
        #expect(await attempt("wrong") == .refused)
        #expect(await attempt("wrong") == .throttled(seconds: 2))
        now.withLock { $0 += 2.1 }
        #expect(await attempt(Self.password) == nil)
        #expect(await attempt("wrong") == .refused)
    }

    @Test("many log-ins at once with the right password are all right")
    func atOnce() async throws {
        let place = try TestPlace()
        try await place.people(["alice"], password: Self.password)
        let authenticator = Authenticator(directory: place.directory) { 0 }
        try await withThrowingTaskGroup { group in
            for _ in 0..<40 {
                group.addTask { try await authenticator.authenticate(address: "alice@example.org", password: Self.password, client: nil) }
            }
            for try await account in group { #expect(account.address.localPart == "alice") }
        }
    }

    @Test("however an address is written, its failures are one account's")
    func spellings() async throws {
        let place = try TestPlace()
        try await place.people(["alice"], password: Self.password)
        let authenticator = Authenticator(directory: place.directory) { 0 }
        let spellings = ["alice@example.org", "ALICE@example.org", "\"alice\"@example.org"]
        for number in 0..<10 {
            await #expect(throws: Authenticator.Failure.refused) {
                try await authenticator.authenticate(address: spellings[number % 3], password: "wrong \(number)", client: nil)
            }
        }
        for spelling in spellings {
            await #expect(throws: Authenticator.Failure.throttled(seconds: 1)) {
                try await authenticator.authenticate(address: spelling, password: "x", client: nil)
            }
        }
    }

    @Test("one network that tries many accounts is slowed down, another is not")
    func networks() async throws {
        let place = try TestPlace()
        try await place.people(["alice"], password: Self.password)
        let authenticator = Authenticator(directory: place.directory) { 0 }
        for number in 0..<20 {
            _ = try? await authenticator.authenticate(
                address: "user\(number)@example.org", password: "x", client: ClientAddress("2001:db8::\(number)"))
        }
        await #expect(throws: Authenticator.Failure.throttled(seconds: 1)) {
            try await authenticator.authenticate(
                address: "alice@example.org", password: Self.password, client: ClientAddress("2001:db8::ffff"))
        }
        _ = try await authenticator.authenticate(
            address: "alice@example.org", password: Self.password, client: ClientAddress("2001:db8:1::1"))
    }

    @Test("a remembered password costs next to nothing, until it is changed or the account disabled")
    func remembering() async throws {
        let place = try TestPlace()
        let alice = try await place.people(["alice"], password: Self.password)[0]
        let authenticator = Authenticator(directory: place.directory)
        func logIn() async throws -> Account {
            try await authenticator.authenticate(
                address: "alice@example.org", password: Self.password, client: nil, remembering: true)
        }
        _ = try await logIn()
        let clock = ContinuousClock()
        #expect(try await clock.measure { _ = try await logIn() } < .milliseconds(5))
        let fresh = try #require(PasswordHash(hashing: "quiet yellow harbour"))
        try await place.directory.setPassword(fresh, of: alice.id)
        await #expect(throws: Authenticator.Failure.refused) { try await logIn() }
    }

    @Test("a hash in an older scheme is made anew at log-in")
    func rehash() async throws {
        let place = try TestPlace()
        try await place.people(["alice"])
        let old = "{SHA512-CRYPT}$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"
        let database = try DatabaseQueue(path: place.path)
        try await database.write { try $0.execute(sql: "UPDATE credentials SET password_hash = ?", arguments: [old]) }
        let authenticator = Authenticator(directory: place.directory)
        for _ in 0..<2 {
            _ = try await authenticator.authenticate(address: "alice@example.org", password: "Hello world!", client: nil)
        }
        let stored = try await database.read { try String.fetchOne($0, sql: "SELECT password_hash FROM credentials") }
        #expect(stored?.hasPrefix("$y$") == true)
    }
}

@Suite("Sessions")
struct SessionTests {
    @Test("a token proves its session; the database holds only its hash")
    func begin() async throws {
        let place = try TestPlace()
        let alice = try await place.people(["alice"])[0]
        let token = try await place.directory.sessions.begin(for: alice.id, device: "Browser", address: "192.0.2.1")
        let session = try #require(await place.directory.sessions.session(for: token))
        #expect((session.account, session.device, session.address) == (alice.id, "Browser", "192.0.2.1"))
        #expect(try await place.directory.lastLogIn(of: alice.id) != nil)
        let bytes = try Data(contentsOf: URL(filePath: place.path)) + Data(contentsOf: URL(filePath: place.path + "-wal"))
        #expect(bytes.range(of: Data(token.text.utf8)) == nil)
    }

    @Test("an ended session is over, here and in other processes")
    func end() async throws {
        let place = try TestPlace()
        let alice = try await place.people(["alice"])[0]
        let other = try place.other()
        let token = try await place.directory.sessions.begin(for: alice.id, device: "", address: "")
        #expect(try await other.sessions.session(for: token) != nil)
        try await place.directory.sessions.end(token)
        #expect(try await place.directory.sessions.session(for: token) == nil)
        try await other.refresh()
        #expect(try await other.sessions.session(for: token) == nil)
    }

    @Test("a new password ends the other sessions, and disabling ends all")
    func passwordEndsSessions() async throws {
        let place = try TestPlace()
        let alice = try await place.people(["alice"])[0]
        let sessions = place.directory.sessions
        let mine = try await sessions.begin(for: alice.id, device: "mine", address: "")
        let theirs = try await sessions.begin(for: alice.id, device: "theirs", address: "")
        _ = (try await sessions.session(for: mine), try await sessions.session(for: theirs))
        let hash = try #require(PasswordHash(hashing: "brave green tomatoes"))
        try await place.directory.setPassword(hash, of: alice.id, keeping: mine)
        #expect(try await sessions.session(for: theirs) == nil)
        #expect(try await sessions.session(for: mine) != nil)
        #expect(try await sessions.list(of: alice.id).map(\.device) == ["mine"])
        try await place.directory.setEnabled(false, of: alice.id)
        #expect(try await sessions.session(for: mine) == nil)
    }

    @Test("an expired session is over")
    func expiry() async throws {
        let place = try TestPlace()
        let alice = try await place.people(["alice"])[0]
        let token = try await place.directory.sessions.begin(for: alice.id, device: "", address: "")
        let database = try DatabaseQueue(path: place.path)
        try await database.write { try $0.execute(sql: "UPDATE sessions SET created = 1, last_use = 1, expires = 2") }
        #expect(try await place.other().sessions.session(for: token) == nil)
    }

    @Test("only tokens of our shape are looked for", arguments: ["", "short", String(repeating: "é", count: 43), String(repeating: "a", count: 44)])
    func shapes(text: String) { #expect(SessionToken(text) == nil) }
}

@Suite("Client addresses")
struct ClientAddressTests {
    @Test("IPv4 in IPv6 is IPv4; limits count an IPv6 /64")
    func forms() throws {
        #expect(ClientAddress("::ffff:192.0.2.7")?.description == "192.0.2.7")
        #expect(ClientAddress("192.0.2.7")?.network == "192.0.2.7")
        #expect(ClientAddress("2001:db8:1:2:3:4:5:6")?.network == "2001:db8:1:2::")
        #expect(ClientAddress("::1")?.isLoopback == true)
        #expect(ClientAddress("example.org") == nil)
    }

    @Test("ranges", arguments: [
        ("10.0.0.0/8", "10.9.8.7", true), ("10.0.0.0/8", "11.0.0.1", false), ("192.0.2.1", "192.0.2.1", true),
        ("fd00::/8", "fdab::1", true), ("fd00::/8", "fe00::1", false), ("0.0.0.0/0", "1.2.3.4", true), ("::/0", "1.2.3.4", false),
    ])
    func ranges(range: String, client: String, isIn: Bool) throws {
        let network = try #require(ClientNetwork(range))
        #expect(network.contains(try #require(ClientAddress(client))) == isIn)
    }

    @Test("nonsense is no range", arguments: ["", "10.0.0.0/33", "10.0.0/8", "::/129", "a/8", "10.0.0.0/-1"])
    func nonsense(text: String) { #expect(ClientNetwork(text) == nil) }
}
