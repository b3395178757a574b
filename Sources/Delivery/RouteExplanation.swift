internal import Directory
internal import Formats
internal import SMTP

/// Why mail to an address goes where it goes, and what its sender is told: `mailportal route` as a value.
///
/// Encodes to JSON as it stands; `lines` says the same to people.
package struct RouteExplanation: Encodable, Sendable {
    package struct DomainFacts: Encodable, Sendable {
        package let name: String
        /// `hosted`, `alias`, `relay` or `none`.
        package let `class`: String
        /// Nil where the directory does not know the domain.
        package let state: String?
        package let aliasOf: String?
        package let catchAll: String?
        /// Split domain routing's or the relay domain's server.
        package let nextHop: String?
    }

    /// One address on the way.
    package struct Step: Encodable, Sendable {
        package let address: String
        /// The name of the step, for programs.
        package let step: String
        /// The same for people.
        package let text: String
        /// The envelope sender that another server sees, where it is not the one that came.
        package let sender: String?
        package let recipients: [Step]
    }

    package struct ListEntry: Encodable, Sendable {
        package let kind: String
        package let entry: String
        /// Nil for the global list.
        package let domain: String?
    }

    package struct Thresholds: Encodable, Sendable {
        package let `defer`: Double
        package let junk: Double
        package let reject: Double
        /// `standard`, `global`, or the domain that set them.
        package let source: String
    }

    package let recipient: String
    /// The envelope sender that was asked about; empty for the null sender.
    package let sender: String
    package let client: String?
    package let domain: DomainFacts
    package let route: Step
    package let mailboxes: [String]
    package let remotes: [String]
    /// The entry that decides, if one matches.
    package let list: ListEntry?
    /// Nil for domains whose mail we do not take.
    package let thresholds: Thresholds?
    /// The client is the other server of the sender's domain.
    package let isInternalHop: Bool
    /// What RCPT answers a stranger.
    package let reply: String
    /// What RCPT answers one of our users.
    package let replyToUsers: String
}

// MARK: For people

extension RouteExplanation {
    /// Labelled paragraphs, the tree of addresses among them.
    package var lines: [String] {
        var lines: [String] = []
        func add(_ label: String, _ texts: [String]) {
            for (index, text) in texts.enumerated() {
                let label = index == 0 ? label : ""
                lines.append("\(label)\(String(repeating: " ", count: max(1, 11 - label.count)))\(text)")
            }
        }
        add("Recipient", [recipient])
        add("From", [origin])
        add("Domain", [domainText])
        add("Route", Self.tree(route))
        add("Lists", [listText])
        if let thresholds {
            let (first, second, third) = (thresholds.defer, thresholds.junk, thresholds.reject)
            let numbers = "defer at \(Self.number(first)), junk at \(Self.number(second)), reject at \(Self.number(third))"
            add("Spam", ["\(numbers) (\(Self.source(thresholds.source)))"])
        }
        if reply == replyToUsers {
            add("Reply", [reply])
        } else {
            add("Reply", ["\(reply)   to strangers", "\(replyToUsers)   to our own users"])
        }
        return lines
    }

    private var origin: String {
        let name = sender.isEmpty ? "<> (no sender given: as a notification)" : sender
        guard let client else { return name }
        return "\(name), from \(client)\(isInternalHop ? ", the domain's other server: no greylisting, no SPF" : "")"
    }

    private var domainText: String {
        guard let state = domain.state else { return "\(domain.name) is not a domain of this server" }
        var text = "\(domain.name): \(domain.class), \(state)"
        if domain.class == "none" { text = "\(domain.name) is \(state): it counts as none of this server's" }
        if let target = domain.aliasOf { text += ", stands for \(target)" }
        if let catchAll = domain.catchAll { text += ", catch-all \(catchAll)" }
        if let hop = domain.nextHop { text += domain.class == "relay" ? ", relayed to \(hop)" : ", unknown addresses to \(hop)" }
        return text
    }

    private var listText: String {
        guard let list else { return "no entry matches" }
        let whose = list.domain.map { "of \($0)" } ?? "for all domains"
        let effect = list.kind == "allow" ? "not scored, not greylisted, unless SPF calls the sender forged" : "refused at RCPT"
        return "\(list.kind) \(list.entry), \(whose): \(effect)"
    }

    private static func tree(_ step: Step) -> [String] {
        var lines = ["\(step.address)   \(step.text)\(step.sender.map { ", as \($0)" } ?? "")"]
        for (index, child) in step.recipients.enumerated() {
            let isLast = index == step.recipients.count - 1
            for (offset, line) in tree(child).enumerated() {
                lines.append((offset == 0 ? (isLast ? "└─ " : "├─ ") : (isLast ? "   " : "│  ")) + line)
            }
        }
        return lines
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() ? String(Int(value)) : String(value)
    }

    private static func source(_ source: String) -> String {
        switch source {
        case "standard": "the standard ones"
        case "global": "set for all domains"
        default: "set for \(source)"
        }
    }
}
