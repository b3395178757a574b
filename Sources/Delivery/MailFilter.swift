internal import Directory
internal import Disk
internal import Formats
internal import Logging
internal import MailStore
internal import SMTP
internal import Sieve

/// What is known of a message when it comes to a mailbox.
struct Arrival: Sendable {
    let account: Account
    /// The address it was for.
    let recipient: String
    let sender: ReversePath
    /// Received and other fields that go before the content.
    let trace: [UInt8]
    let source: MessageContent.Source
    /// The spam filter's verdict: it goes to Junk unless a script files it elsewhere, and is never answered.
    var isJunk = false
    /// The client's IP address, when there was one.
    var clientAddress: String?
    /// Names the delivery among all of the account, so that it can be repeated.
    var uniqueName: String?
}

/// Runs the filters of a mailbox on what arrives: the user's script, then the answer of a `VacationResponse`.
///
/// Nothing is lost by a filter that fails: then the message goes where it would without one.
struct MailFilter: Sendable {
    let routing: Routing
    let logger: Logger
    var now: @Sendable () -> Int64 = { UnixTime.now.seconds }

    /// What the filters want done; mailboxes that they make are made when it returns.
    func judge(_ arrival: Arrival, in store: MailAccount) async -> FilterOutcome {
        let unfiltered = FilterOutcome.unfiltered(isJunk: arrival.isJunk)
        do {
            let script = try await store.activeScript()
            let vacation = arrival.isJunk ? nil : try await vacation(of: store)
            guard script != nil || vacation != nil else { return unfiltered }
            var outcome = unfiltered
            if let script { outcome = try await run(script, on: arrival, in: store) }
            // One answer is enough, and what is thrown away or refused gets none.
            if let vacation, outcome.replies.isEmpty, !outcome.filings.isEmpty || !outcome.redirects.isEmpty {
                outcome.replies = try await answers(of: vacation, to: arrival, in: store)
            }
            if !outcome.isUnfiltered {
                logger.info("message filtered", metadata: metadata(arrival, ["actions": "\(outcome.summary)"]))
            }
            return outcome
        } catch {
            logger.warning("filter failed, message kept", metadata: metadata(arrival, ["error": "\(error)"]))
            return unfiltered
        }
    }

    /// As it is now.
    var snapshot: DirectorySnapshot { routing.directory.snapshot }
    /// Our name, for the environment of scripts and for what they send.
    var hostname: String { routing.hostname }

    // MARK: The user's script

    private func run(_ bytes: [UInt8], on arrival: Arrival, in store: MailAccount) async throws -> FilterOutcome {
        let script = try SieveScript(parsing: bytes)
        let message = try await message(of: arrival, whole: script.uses.contains("body"))
        let paths = try await Self.paths(of: store)
        let environment = try await environment(arrival, paths, in: store, script.uses)
        let result = script.run(on: message, in: environment)
        if let error = result.error {
            logger.warning("script failed, message kept", metadata: metadata(arrival, ["error": "\(error)"]))
        }
        return await outcome(of: result, arrival, paths, in: store)
    }

    private func outcome(
        of result: SieveResult, _ arrival: Arrival, _ paths: MailboxPaths, in store: MailAccount
    ) async -> FilterOutcome {
        var outcome = FilterOutcome(filings: [], toRemember: result.toRemember)
        for action in result.actions {
            switch action {
            case .keep(let keep):
                let isJunk = arrival.isJunk && keep.isImplicit
                outcome.filings.append(
                    .init(target: .role(isJunk ? .junk : .inbox), keywords: Self.keywords(keep.flags), header: keep.header))
            case .fileInto(let file):
                let target = await target(of: file, paths, in: store, arrival)
                outcome.filings.append(.init(target: target, keywords: Self.keywords(file.flags), header: file.header))
            case .redirect(let redirect):
                if !outcome.redirects.contains(where: { $0.address.key == redirect.address.key }) { outcome.redirects.append(redirect) }
            case .reject(let reject): outcome.rejection = reject
            case .vacation(let vacation): if !arrival.isJunk { outcome.replies.append(vacation) }
            }
        }
        return outcome.withoutTwins
    }

    /// The mailbox to file in; the inbox, or Junk, when it is not there and cannot be made.
    private func target(
        of file: SieveAction.FileInto, _ paths: MailboxPaths, in store: MailAccount, _ arrival: Arrival
    ) async -> DeliveryTarget {
        if let use = file.specialUse, let id = paths.find(use: use) { return .mailbox(id) }
        if let id = paths.find(file.mailbox) { return .mailbox(id) }
        if file.creates, let id = await Self.make(file.mailbox, use: file.specialUse, in: store) { return .mailbox(id) }
        logger.notice("filter names no mailbox, message kept", metadata: metadata(arrival, [:]))
        return .role(arrival.isJunk ? .junk : .inbox)
    }

    /// Makes the mailbox with those above it; nil when it may not be.
    private static func make(_ name: String, use: String?, in store: MailAccount) async -> MailboxID? {
        var parent: MailboxID?
        let levels = MailboxPaths.levels(name)
        guard levels.count <= 16 else { return nil }
        for (index, level) in levels.enumerated() {
            let role = index == levels.count - 1 ? use.flatMap { MailboxRole(rawValue: String($0.drop { $0 == "\\" }).lowercased()) } : nil
            do throws(MailboxError) {
                parent = try await store.createMailbox(MailboxDraft(name: level, parentId: parent, role: role))
            } catch {
                guard case .alreadyExists(let id) = error else { return nil }
                parent = id
            }
        }
        return parent
    }

    private static func keywords(_ flags: [String]) -> Set<Keyword> { Set(flags.compactMap(Keyword.init(imapFlag:))) }

    // MARK: The vacation response

    private func vacation(of store: MailAccount) async throws -> VacationResponse? {
        let record = try await store.read { reader in try reader.record(.vacationResponse, id: VacationResponse.id) }
        guard let record, let vacation = VacationResponse(json: record.json), vacation.isEnabled else { return nil }
        return vacation
    }

    private func answers(
        of vacation: VacationResponse, to arrival: Arrival, in store: MailAccount
    ) async throws -> [VacationRequest] {
        var limits = SieveLimits.standard
        limits.stringSize = 1 << 20
        let script = try SieveScript(parsing: Array(try vacation.script().utf8), limits: limits)
        let environment = try await environment(arrival, MailboxPaths([]), in: store, script.uses)
        let result = script.run(on: try await message(of: arrival, whole: false), in: environment)
        return result.actions.compactMap { if case .vacation(let request) = $0 { request } else { nil } }
    }

    // MARK: What scripts see

    /// The message with our trace fields: all of it when it is small or the script looks into the body, else its header.
    private func message(of arrival: Arrival, whole: Bool) async throws -> SieveMessage {
        switch arrival.source {
        case .bytes(let bytes): return SieveMessage(Message(parsing: arrival.trace + bytes))
        case .file(let path):
            let read: @Sendable () throws(StoreError) -> ([UInt8], Int) = { () throws(StoreError) in
                let file = try OpenFile(path: path)
                return (try file.read(count: whole ? .max : HeaderBlock.maximumSize), file.size)
            }
            let (bytes, size) = try await DiskExecutor.offload(read)
            let judged = arrival.trace + bytes
            return SieveMessage(
                bytes.count == size ? Message(parsing: judged) : Message(parsingHeaderOf: judged), size: arrival.trace.count + size)
        }
    }

    private func environment(
        _ arrival: Arrival, _ paths: MailboxPaths, in store: MailAccount, _ extensions: Set<String>
    ) async throws -> SieveEnvironment {
        var environment = SieveEnvironment(sender: arrival.sender.description, recipient: arrival.recipient, now: now())
        if extensions.contains("vacation") {
            environment.ownAddresses = OwnAddresses(snapshot).addresses(of: arrival.account)
        }
        environment.items["host"] = hostname
        environment.items["domain"] = arrival.account.address.domain.ascii
        if let client = arrival.clientAddress { environment.items["remote-ip"] = client }
        environment.mailboxExists = { paths.find($0) != nil }
        environment.hasSpecialUse = { paths.has($0, mailbox: $1) }
        if extensions.contains("duplicate") {
            let seen = try await store.remembered(.duplicates)
            environment.isDuplicate = { seen.contains($0.memoryKey) }
        }
        return environment
    }

    private static func paths(of store: MailAccount) async throws -> MailboxPaths {
        MailboxPaths(try await store.read { reader in try reader.mailboxes() })
    }

    func metadata(_ arrival: Arrival, _ more: Logger.Metadata) -> Logger.Metadata {
        var metadata: Logger.Metadata = ["account": "\(arrival.account.address)", "from": "\(arrival.sender)"]
        metadata.merge(more) { _, new in new }
        return metadata
    }
}

extension FilterOutcome {
    /// Two copies in one mailbox are one, with the keywords of both.
    fileprivate var withoutTwins: FilterOutcome {
        var result = self
        result.filings = []
        for filing in filings {
            if let index = result.filings.firstIndex(where: { $0.target == filing.target && $0.header == filing.header }) {
                result.filings[index].keywords.formUnion(filing.keywords)
            } else {
                result.filings.append(filing)
            }
        }
        return result
    }
}

extension SieveDuplicate.Key {
    /// As the memory of duplicates has it.
    var memoryKey: String { handle + "\u{0}" + id }
}

/// Which addresses are a user's own: what a vacation answer goes by (RFC 5230 §4.5).
struct OwnAddresses {
    private let snapshot: DirectorySnapshot

    init(_ snapshot: DirectorySnapshot) { self.snapshot = snapshot }

    /// The account's address, those that it may send as, and aliases that lead to it alone.
    func addresses(of account: Account) -> [String] {
        let senders = SenderPolicy(snapshot).senders(of: account)
        let aliases = snapshot.aliases.filter { $0.recipients.map(\.key) == [account.address.key] }.map(\.address)
        var seen: Set<String> = []
        return (senders + aliases).filter { seen.insert($0.key).inserted }.map(\.description)
    }
}

extension MailFilter {
    /// The envelope sender of what a script sends on: elsewhere a return path of ours, as for a forward. Mission §3.
    func forwardSender(_ arrival: Arrival, to address: MailAddress) -> String {
        let isElsewhere = routing.resolver.whereabouts(of: address) == .elsewhere
        let forwarder = isElsewhere ? arrival.account.address : nil
        let departures = routing.departures([RemoteRecipient(address, forwarder: forwarder)], sender: arrival.sender)
        return (departures.first?.sender ?? arrival.sender).description
    }
}
