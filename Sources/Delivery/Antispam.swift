internal import Directory
internal import Logging
internal import SMTP

/// Judges mail that arrives unauthenticated: lists, SPF, one scan, thresholds, greylisting. Mission §4.
struct Antispam: Sendable {
    /// Nil: no scanner is configured. Lists hold all the same; nothing is scored, marked or stripped.
    let scorer: (any SpamScorer)?
    let greylist: Greylist?
    let resolver: any Resolver
    let acceptsUnscored: Bool
    /// Where what is too big for memory is copied when fields are taken out of it.
    let spoolFolder: String
    let logger: Logger

    /// A message as antispam sees it.
    struct Arrival: Sendable {
        let envelope: Envelope
        /// One for each recipient, as fixed at RCPT.
        let policies: [RecipientPolicy]
        let content: StagedContent
        let client: ClientAddress?
        let greeting: String
        let origin: TraceHeaders.Origin
        /// It comes from a server that shares a domain with us: no greylisting, no SPF. Mission §3.
        let isInternalHop: Bool
    }

    /// What is decided.
    struct Judgement: Sendable {
        enum Fate: Sendable {
            /// - Parameter fields: what stands above the message for this recipient
            case deliver(isJunk: Bool, fields: [UInt8])
            case refuse(Reply)
        }

        /// One for each recipient.
        let fates: [Fate]
        /// The message without look-alikes of our fields.
        let content: StagedContent
    }

    static let rejected = Reply(550, 5, 7, 1, "Message refused as spam")
    static let greylisted = Reply(451, 4, 7, 1, "Greylisted, try again in a few minutes")
    static let unscored = Reply(451, 4, 7, 1, "Message cannot be checked for spam now, try again later")

    /// - Parameter beginning: the message's first octets, with its header
    func judge(_ arrival: Arrival, beginning: [UInt8]) async throws -> Judgement {
        guard scorer != nil else {
            let fates = arrival.policies.map { policy in
                policy.isBlocked ? Judgement.Fate.refuse(RecipientPolicy.blocked) : .deliver(isJunk: false, fields: [])
            }
            return Judgement(fates: fates, content: arrival.content)
        }
        let (spf, verdicts) = await verdicts(arrival)
        let whose = Self.whose(arrival)
        let known = await greylisting(arrival, verdicts)
        let traced = spf?.field(hostname: arrival.origin.hostname) ?? []
        var fates: [Judgement.Fate] = []
        for (index, verdict) in verdicts.enumerated() {
            let fields = SpamFields.fields(verdict, whose: whose ?? verdict.policy.source.words) + traced
            fates.append(Self.fate(verdict, isKnown: known[index] ?? true, fields))
        }
        let content = try await SpamFields.removing(
            SpamFields.lookAlikes(in: beginning), from: arrival.content, beginning: beginning, folder: spoolFolder)
        log(arrival, verdicts, spf)
        return Judgement(fates: fates, content: content)
    }

    private static func fate(_ verdict: SpamVerdict, isKnown: Bool, _ fields: [UInt8]) -> Judgement.Fate {
        if verdict.policy.isBlocked { return .refuse(RecipientPolicy.blocked) }
        switch verdict.action {
        case .accept: return .deliver(isJunk: false, fields: fields)
        case .junk: return .deliver(isJunk: true, fields: fields)
        case .greylist: return isKnown ? .deliver(isJunk: false, fields: fields) : .refuse(greylisted)
        case .reject: return .refuse(rejected)
        case .retry: return .refuse(unscored)
        }
    }

    // MARK: Scoring

    /// SPF's word is waited for before the scan only where an allow list hangs on it.
    private func verdicts(_ arrival: Arrival) async -> (SPFCheck?, [SpamVerdict]) {
        async let checked = spf(arrival)
        let isForged = arrival.policies.contains(where: \.isAllowed) ? await checked?.result == .fail : false
        let needsScore = arrival.policies.contains { !$0.isAllowed || isForged }
        let rating = needsScore ? await rate(arrival) : .allowed
        let verdicts = arrival.policies.map { policy in
            SpamVerdict.decide(policy.isAllowed && !isForged ? .allowed : rating, policy, acceptsUnscored: acceptsUnscored)
        }
        return (await checked, verdicts)
    }

    private func spf(_ arrival: Arrival) async -> SPFCheck? {
        guard !arrival.isInternalHop, let client = arrival.client else { return nil }
        return await SPFCheck.judge(arrival.envelope.sender, client: client, greeting: arrival.greeting, resolver)
    }

    private func rate(_ arrival: Arrival) async -> SpamRating {
        guard let scorer else { return .unavailable }
        let told = arrival.origin.source.hostname
        let clientName = if let told { told } else { await ClientName.find(arrival.client, resolver) }
        let request = ScanRequest(
            content: arrival.content, client: arrival.client,
            clientName: clientName, greeting: arrival.greeting,
            sender: arrival.envelope.sender, recipients: arrival.envelope.recipients.map(\.description), id: arrival.origin.id,
            hostname: arrival.origin.hostname, isTLS: arrival.origin.client.isTLS)
        switch await scorer.score(request) {
        case .scored(let score): return .scored(score)
        case .unavailable(let reason):
            logger.warning("message not scored", metadata: ["queue.id": "\(arrival.origin.id)", "reason": "\(reason)"])
            return .unavailable
        }
    }

    // MARK: Greylisting

    /// For recipients in the defer band, whether greylisting lets the message through.
    private func greylisting(_ arrival: Arrival, _ verdicts: [SpamVerdict]) async -> [Int: Bool] {
        let waiting = verdicts.indices.filter { verdicts[$0].action == .greylist && !verdicts[$0].policy.isBlocked }
        guard let greylist, !arrival.isInternalHop, !waiting.isEmpty else { return [:] }
        let triplets = waiting.map { index in
            GreylistTriplet(
                client: arrival.client, sender: arrival.envelope.sender, recipient: arrival.envelope.recipients[index])
        }
        do {
            return Dictionary(zip(waiting, try await greylist.admit(triplets))) { first, _ in first }
        } catch {
            // A memory that fails must not keep mail away.
            logger.error("greylist cannot be asked", metadata: ["error": "\(error)"])
            return [:]
        }
    }

    // MARK: Words

    /// Recipients of one message over SMTP share their fields: whose thresholds those are can be named only when it is one's.
    private static func whose(_ arrival: Arrival) -> String? {
        guard !arrival.origin.client.isLMTP, Set(arrival.policies.map(\.source)).count > 1 else { return nil }
        return "of the recipients' domains"
    }

    private func log(_ arrival: Arrival, _ verdicts: [SpamVerdict], _ spf: SPFCheck?) {
        var metadata: Logger.Metadata = ["queue.id": "\(arrival.origin.id)", "actions": "\(verdicts.map { "\($0.action)" })"]
        if let spf { metadata["spf"] = "\(spf.result)" }
        for case .scored(let score) in verdicts.map(\.rating) { metadata["score"] = "\(SpamFields.number(score.value))" }
        logger.info("message judged", metadata: metadata)
    }
}

extension PolicySource {
    /// As a header field says it.
    fileprivate var words: String {
        switch self {
        case .standard: "default"
        case .global: "global"
        case .domain(let name): "domain \(name)"
        }
    }
}

/// The client's own name, where the DNS confirms it in both directions.
enum ClientName {
    private static let patience = Duration.seconds(3)

    /// Nil when there is none, or the DNS is too slow to say.
    static func find(_ client: ClientAddress?, _ resolver: any Resolver) async -> String? {
        guard let client, !client.isLoopback else { return nil }
        return await Deadline.within(patience) { await confirmed(client, resolver) } ?? nil
    }

    private static func confirmed(_ client: ClientAddress, _ resolver: any Resolver) async -> String? {
        for record in await resolver.lookUp(client.reverseName, .ptr).records.prefix(5) {
            guard case .ptr(let name) = record, !name.isEmpty else { continue }
            let answer = await resolver.lookUp(name, client.bytes.count == 4 ? .a : .aaaa)
            for record in answer.records {
                switch record {
                case .a(let text), .aaaa(let text): if ClientAddress(text) == client { return name }
                default: continue
                }
            }
        }
        return nil
    }
}
