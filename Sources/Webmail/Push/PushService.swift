internal import Delivery
internal import Directory
internal import Disk
internal import Formats
internal import JMAP
internal import Logging
internal import MailStore
internal import ServiceLifecycle
internal import Synchronization

/// Tells push subscriptions of changes (RFC 8620 §7.2): one runner for each subscription, for as long as it lasts.
///
/// A runner keeps nothing of its subscription: it reads the record before each request, so what is destroyed is not used again.
final class PushService: Service, CustomStringConvertible {
    private let accounts: MailAccounts
    private let directory: Directory
    let client: PushClient
    private let logger: Logger
    private let begun: AsyncStream<Runner>
    private let beginner: AsyncStream<Runner>.Continuation
    private let running = Mutex<Set<String>>([])

    let description = "push"

    private struct Runner: Sendable {
        let account: AccountID
        let subscription: String
        /// It was there before the server started: what happened meanwhile it has not been told.
        var isOld = false
    }

    init(accounts: MailAccounts, directory: Directory, client: PushClient, logger: Logger) {
        self.accounts = accounts
        self.directory = directory
        self.client = client
        self.logger = logger
        (begun, beginner) = AsyncStream.makeStream()
    }

    /// Sends the verification of a new subscription, and then what changes.
    func begin(_ subscription: String, of account: AccountID) {
        beginner.yield(Runner(account: account, subscription: subscription))
    }

    func run() async throws {
        await withDiscardingTaskGroup { group in
            for runner in await stored() { beginner.yield(runner) }
            for await runner in begun.cancelOnGracefulShutdown() {
                guard running.withLock({ $0.insert(runner.subscription).inserted }) else { continue }
                group.addTask {
                    await self.serve(runner)
                    _ = self.running.withLock { $0.remove(runner.subscription) }
                }
            }
            group.cancelAll()
        }
    }

    /// The subscriptions that lie on the disk.
    private func stored() async -> [Runner] {
        let (accounts, snapshot) = (accounts, directory.snapshot)
        return await DiskExecutor.offload {
            var found: [Runner] = []
            for key in (try? accounts.existing()) ?? [] {
                guard let path = try? accounts.path(of: key), let domain = try? DomainName(parsing: key.domain),
                    let address = try? MailAddress(localPart: key.localPart, domain: domain),
                    let owner = snapshot.account(address)
                else { continue }
                let names = (try? Folder.names("\(path)/records/\(PushSubscription.kind.rawValue)")) ?? []
                for name in names where name.hasSuffix(".json") {
                    found.append(Runner(account: owner.id, subscription: String(name.dropLast(5)), isOld: true))
                }
            }
            return found
        }
    }

    // MARK: One subscription

    /// At most one notice in this time.
    private static let interval = Duration.seconds(1)
    /// How often a runner looks whether its subscription is over though nothing happens.
    private static let lookInterval = Duration.seconds(600)
    /// Seconds to wait after a failure; the last again and again.
    private static let delays = [5, 30, 120, 600, 1800, 3600]

    private func serve(_ runner: Runner) async {
        guard let owner = directory.snapshot.account(id: runner.account),
            let mail = try? await accounts.account(for: AccountKey(owner.address))
        else { return }
        let changes = mail.changes()
        guard await verify(runner, mail), var told = try? await EventStream.states(of: mail) else { return }
        let (wakes, source) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        if runner.isOld {
            told = [:]
            source.yield()
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in changes { source.yield() }
                source.finish()
            }
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: Self.lookInterval)
                    source.yield()
                }
            }
            for await _ in wakes.cancelOnGracefulShutdown() {
                // What comes soon after goes into the same notice.
                try? await Task.sleep(for: .milliseconds(100))
                guard await tell(runner, mail, &told), !Task.isCancelled else { break }
            }
            group.cancelAll()
        }
    }

    /// Sends the verification, unless it was answered before. False when the subscription is over.
    private func verify(_ runner: Runner, _ mail: MailAccount) async -> Bool {
        for delay in Self.delays {
            guard let subscription = await current(runner, mail) else { return false }
            if subscription.isVerified { return true }
            let notice: JSON = [
                "@type": "PushVerification", "pushSubscriptionId": .string(subscription.id),
                "verificationCode": .string(subscription.code),
            ]
            switch await post(notice, subscription) {
            case .taken: return true
            case .gone:
                await end(runner, mail, "gone")
                return false
            case .later(let seconds): try? await Task.sleep(for: .seconds(seconds ?? delay))
            }
        }
        return true
    }

    /// Tells what changed since; again until it is taken. False when the subscription is over.
    private func tell(_ runner: Runner, _ mail: MailAccount, _ told: inout [String: String]) async -> Bool {
        var failures = 0
        while !Task.isCancelled {
            guard let subscription = await current(runner, mail), let states = try? await EventStream.states(of: mail) else {
                return false
            }
            let changed = states.filter { name, state in
                told[name] != state && (subscription.types?.contains(name) ?? true)
            }
            // Before it is verified it is told nothing, and what happens then it learns by itself.
            guard subscription.isVerified, !changed.isEmpty else {
                told = states
                return true
            }
            switch await post(Self.stateChange(changed, runner.account), subscription) {
            case .taken:
                told = states
                try? await Task.sleep(for: Self.interval)
                return true
            case .gone:
                await end(runner, mail, "gone")
                return false
            case .later(let seconds):
                let delay = Self.delays[min(failures, Self.delays.count - 1)]
                failures += 1
                logger.debug("push failed", metadata: ["account": "\(runner.account)", "again": "\(seconds ?? delay) s"])
                try? await Task.sleep(for: .seconds(max(seconds ?? 0, delay)))
            }
        }
        return false
    }

    private static func stateChange(_ changed: [String: String], _ account: AccountID) -> JSON {
        let states = changed.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) }
        return [
            "@type": "StateChange", "changed": .object(JSONObject(unique: [(account.rawValue, .object(JSONObject(unique: states)))])),
        ]
    }

    private func post(_ notice: JSON, _ subscription: PushSubscription) async -> PushClient.Answer {
        guard let url = PushURL(subscription.url) else { return .gone }
        return await client.post(notice.serialized, to: url, keys: subscription.keys)
    }

    /// The subscription as it is now; nil when it is over, and then it is destroyed.
    private func current(_ runner: Runner, _ mail: MailAccount) async -> PushSubscription? {
        guard !Task.isCancelled, let owner = directory.snapshot.account(id: runner.account),
            let record = try? await mail.jsonRecord(PushSubscription.kind, runner.subscription),
            let subscription = PushSubscription(runner.subscription, record)
        else { return nil }
        guard await subscription.isLive(for: owner, in: directory) else {
            await end(runner, mail, "expired")
            return nil
        }
        return subscription
    }

    private func end(_ runner: Runner, _ mail: MailAccount, _ reason: String) async {
        logger.info("push subscription ended", metadata: ["account": "\(runner.account)", "reason": "\(reason)"])
        try? await mail.removeRecord(PushSubscription.kind, id: runner.subscription)
    }
}

extension PushSubscription {
    /// Whether it has not expired, nor the credential that it was made with.
    func isLive(for owner: Account, in directory: Directory) async -> Bool {
        guard !isOver(now: UnixTime.now.seconds), owner.isEnabled else { return false }
        return await credential.isValid(for: owner, in: directory)
    }
}
