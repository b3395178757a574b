internal import Directory

/// How far a message got with the scanner.
package enum SpamRating: Hashable, Sendable {
    case scored(SpamScore)
    /// Not asked: the sender is on an allow list, and not forged.
    case allowed
    /// The scanner did not answer.
    case unavailable
}

/// What becomes of a message for one recipient, as far as antispam decides it. Mission §4.
package struct SpamVerdict: Hashable, Sendable {
    package enum Action: Hashable, Sendable {
        case accept
        /// `451`, unless greylisting knows the triplet.
        case greylist
        /// To Junk, with `X-Spam: Yes`.
        case junk
        case reject
        /// `451`: it could not be scored, and may not come in so.
        case retry
    }

    package let action: Action
    package let rating: SpamRating
    package let policy: RecipientPolicy

    /// The highest threshold that is reached decides. Pure.
    ///
    /// - Parameter acceptsUnscored: what the configuration says about mail while the scanner is away
    package static func decide(
        _ rating: SpamRating, _ policy: RecipientPolicy, acceptsUnscored: Bool = true
    ) -> SpamVerdict {
        SpamVerdict(action: action(rating, policy, acceptsUnscored), rating: rating, policy: policy)
    }

    private static func action(_ rating: SpamRating, _ policy: RecipientPolicy, _ acceptsUnscored: Bool) -> Action {
        switch rating {
        case .allowed: return .accept
        case .unavailable: return acceptsUnscored ? .accept : .retry
        case .scored(let score):
            let thresholds = policy.thresholds
            if score.value >= thresholds.rejectAt { return .reject }
            if score.value >= thresholds.junkAt { return .junk }
            return score.value >= thresholds.deferAt ? .greylist : .accept
        }
    }
}
