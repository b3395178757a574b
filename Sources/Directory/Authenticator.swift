internal import Crypto
internal import Formats
internal import Synchronization

/// Says who an address and a password are, for every surface that asks for them: web, JMAP, SMTP.
///
/// A wrong address and a wrong password give the same answer after the same time. Failures are counted per account and per
/// client network, with a delay that grows (mission §2).
package final class Authenticator: Sendable {
    package enum Failure: Error, Hashable, Sendable {
        /// Address or password wrong, or the account disabled: say no more than that.
        case refused
        /// Too many failures: nothing was checked; try again after so many seconds.
        case throttled(seconds: Int)
        /// The machine is busy with other log-ins, or the directory cannot be read: try again soon.
        case unavailable
    }

    private struct Known {
        let account: AccountID
        let version: Int64
        let until: Double
    }

    private struct State {
        // An account is guarded more loosely than a network, or anybody could lock out anybody.
        var accounts = LogInThrottle(rule: .init(freeFailures: 10, maximumDelay: 60))
        var networks = LogInThrottle(rule: .init(freeFailures: 20, maximumDelay: 900))
        var known: [[UInt8]: Known] = [:]
        /// Checks under way. Who brings the same address and password meanwhile waits for the same answer.
        var checks: [[UInt8]: Task<Result<Account, Failure>, Never>] = [:]
    }

    private let directory: Directory
    private let workers: PasswordWorkers
    private let state = Mutex(State())
    /// Keys the cache, so that it holds nothing that a password could be guessed from outside this process.
    private let cacheKey = SymmetricKey(size: .bits256)
    private let now: @Sendable () -> Double

    private static let rememberedSeconds = 300.0
    private static let rememberedPasswords = 4096

    /// - Parameters:
    ///   - threads: how many passwords are hashed at the same time
    ///   - now: a clock in seconds that never goes back
    package init(directory: Directory, threads: Int = 2, now: @escaping @Sendable () -> Double = Authenticator.uptime) {
        self.directory = directory
        self.now = now
        workers = PasswordWorkers(threads: threads, maximumWaiting: 64)
    }

    /// The account that `address` and `password` belong to.
    ///
    /// - Parameter remembering: take a check of the last minutes for this one: for clients that send the password with every
    ///   request (Basic). Changing the password or disabling the account ends it at once.
    package func authenticate(
        address: String, password: String, client: ClientAddress?, remembering: Bool = false
    ) async throws(Failure) -> Account {
        let snapshot = directory.snapshot
        let parsed = try? MailAddress(parsing: address)
        // However an address is written, it is one account's; what is no address is nobody's.
        let key = parsed?.key ?? String(address.prefix(320)).lowercased()
        let fingerprint = fingerprint(key, password)
        if remembering, let account = remembered(fingerprint, in: snapshot) { return account }

        let keys = (account: key, network: client?.network ?? "local")
        let account = try await together(fingerprint) { () async throws(Failure) in
            try await self.verify(password, of: parsed.flatMap { snapshot.account($0) }, keys)
        }
        if remembering { remember(fingerprint, account) }
        return account
    }

    /// Programs open several connections at once, with the same password: one check answers them all, and counts once.
    private func together(
        _ fingerprint: [UInt8], _ check: @escaping @Sendable () async throws(Failure) -> Account
    ) async throws(Failure) -> Account {
        let task = state.withLock { state in
            if let running = state.checks[fingerprint] { return running }
            let task = Task { () async -> Result<Account, Failure> in
                defer { self.state.withLock { $0.checks[fingerprint] = nil } }
                do throws(Failure) { return .success(try await check()) } catch { return .failure(error) }
            }
            state.checks[fingerprint] = task
            return task
        }
        return try await task.value.get()
    }

    private func verify(
        _ password: String, of account: Account?, _ keys: (account: String, network: String)
    ) async throws(Failure) -> Account {
        try admit(keys)
        let isRight = try await check(password, of: account)
        guard let account, isRight, account.isEnabled else { throw .refused }
        state.withLock {
            $0.accounts.forgive(keys.account, entirely: true)
            $0.networks.forgive(keys.network, entirely: false)
        }
        return account
    }

    /// Hashes a new password on the workers' threads. Nil when too many wait.
    package func hash(_ password: String) async -> PasswordHash? {
        await workers.run { PasswordHash(hashing: password) } ?? nil
    }

    private func admit(_ keys: (account: String, network: String)) throws(Failure) {
        let now = now()
        let wait = state.withLock { state -> Double? in
            let delays = [
                state.accounts.delay(for: keys.account, now: now), state.networks.delay(for: keys.network, now: now),
            ]
            if let longest = delays.compactMap(\.self).max() { return longest }
            state.accounts.countFailure(of: keys.account, now: now)
            state.networks.countFailure(of: keys.network, now: now)
            return nil
        }
        if let wait { throw .throttled(seconds: max(1, Int(wait.rounded(.up)))) }
    }

    /// Takes as long for nobody as for somebody, and makes an outdated hash anew when it matches.
    private func check(_ password: String, of account: Account?) async throws(Failure) -> Bool {
        let stored: PasswordHash?
        do { stored = try await directory.passwordHash(of: account?.id) } catch { throw .unavailable }
        let hash = stored ?? .ofNobody
        guard let matches = await workers.run({ hash.matches(password) }) else { throw .unavailable }
        guard matches, stored != nil, let account else { return false }
        if hash.isOutdated, let fresh = await self.hash(password) {
            try? await directory.replaceHash(of: account.id, hash, by: fresh)
        }
        return true
    }

    private func fingerprint(_ address: String, _ password: String) -> [UInt8] {
        var code = HMAC<SHA256>(key: cacheKey)
        code.update(data: Array(address.utf8))
        code.update(data: [0])
        code.update(data: Array(password.utf8))
        return Array(code.finalize())
    }

    private func remembered(_ fingerprint: [UInt8], in snapshot: DirectorySnapshot) -> Account? {
        let now = now()
        guard let known = state.withLock({ $0.known[fingerprint] }), known.until > now,
            let account = snapshot.account(id: known.account),
            account.isEnabled, account.credentialVersion == known.version
        else { return nil }
        return account
    }

    private func remember(_ fingerprint: [UInt8], _ account: Account) {
        let now = now()
        state.withLock { state in
            if state.known.count >= Self.rememberedPasswords { state.known = state.known.filter { $0.value.until > now } }
            if state.known.count >= Self.rememberedPasswords { state.known.removeAll(keepingCapacity: true) }
            state.known[fingerprint] = Known(
                account: account.id, version: account.credentialVersion, until: now + Self.rememberedSeconds)
        }
    }

    /// Seconds since the machine started.
    @Sendable package static func uptime() -> Double {
        let elapsed = SuspendingClock().now.duration(to: startOfProcess)
        return -(Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18)
    }

    private static let startOfProcess = SuspendingClock().now
}
