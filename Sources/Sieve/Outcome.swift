import Formats

/// What a run has asked for so far, and which of it goes together: RFC 5228 §2.10, RFC 5429 §2.4.
struct Outcome {
    private(set) var actions: [SieveAction] = []
    private(set) var toRemember: [SieveDuplicate] = []
    private var isKeepCancelled = false
    private var redirects = 0
    private let limits: SieveLimits

    init(limits: SieveLimits) { self.limits = limits }

    /// The implicit keep will not be done.
    mutating func cancelKeep() { isKeepCancelled = true }

    mutating func keep(flags: [String], _ header: EditedHeader?) throws(RunFailure) {
        cancelKeep()
        // RFC 5228 §2.10.3: a mailbox gets a message once. What is asked for last, tells its flags.
        if let place = actions.firstIndex(where: { if case .keep = $0 { true } else { false } }) { actions.remove(at: place) }
        try append(.keep(.init(flags: flags, header: header)), "keep")
    }

    mutating func file(_ filing: SieveAction.FileInto) throws(RunFailure) {
        let same = actions.firstIndex { action in
            guard case .fileInto(let other) = action else { return false }
            return Self.isSameMailbox(other, filing)
        }
        var filing = filing
        if let same, case .fileInto(let other) = actions.remove(at: same) { filing.creates = filing.creates || other.creates }
        try append(.fileInto(filing), "fileinto")
    }

    private static func isSameMailbox(_ left: SieveAction.FileInto, _ right: SieveAction.FileInto) -> Bool {
        guard left.specialUse?.lowercased() == right.specialUse?.lowercased() else { return false }
        if left.mailbox.utf8.elementsEqual(right.mailbox.utf8) { return true }
        return left.mailbox.lowercased() == "inbox" && right.mailbox.lowercased() == "inbox"
    }

    mutating func redirect(to address: MailAddress, _ header: EditedHeader?) throws(RunFailure) {
        let isKnown = actions.contains { if case .redirect(let other) = $0 { other.address.key == address.key } else { false } }
        guard !isKnown else { return }
        redirects += 1
        guard redirects <= limits.redirects else { throw RunFailure("more than \(limits.redirects) redirects of one message") }
        try append(.redirect(.init(address: address, header: header)), "redirect")
    }

    mutating func reject(_ rejection: SieveAction.Reject) throws(RunFailure) {
        let name = rejection.isAtProtocolLevel ? "ereject" : "reject"
        if let other = actions.first {
            throw RunFailure("'\(name)' cannot be combined with '\(Self.name(of: other))' for the same message")
        }
        cancelKeep()
        try append(.reject(rejection), name)
    }

    mutating func answer(_ request: VacationRequest) throws(RunFailure) {
        try append(.vacation(request), "vacation")
    }

    mutating func remember(_ duplicate: SieveDuplicate) throws(RunFailure) {
        guard !toRemember.contains(where: { $0.key == duplicate.key }) else { return }
        guard toRemember.count < limits.actions else { throw RunFailure("more than \(limits.actions) tests for duplicates") }
        toRemember.append(duplicate)
    }

    private mutating func append(_ action: SieveAction, _ name: String) throws(RunFailure) {
        if case .reject? = actions.first {
            throw RunFailure("'\(name)' cannot be combined with '\(Self.name(of: actions[0]))' for the same message")
        }
        guard actions.count < limits.actions else { throw RunFailure("more than \(limits.actions) actions for one message") }
        actions.append(action)
    }

    private static func name(of action: SieveAction) -> String {
        switch action {
        case .keep: "keep"
        case .fileInto: "fileinto"
        case .redirect: "redirect"
        case .reject(let rejection): rejection.isAtProtocolLevel ? "ereject" : "reject"
        case .vacation: "vacation"
        }
    }

    /// All that is to be done, the implicit keep included if it stands.
    func result(flags: [String], _ header: EditedHeader?) -> SieveResult {
        var actions = actions
        if !isKeepCancelled { actions.append(.keep(.init(flags: flags, header: header, isImplicit: true))) }
        return SieveResult(actions: actions, toRemember: toRemember)
    }
}
