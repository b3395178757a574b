import Formats

/// Whether a message may be answered by a machine at all: RFC 5230 §4.5, §4.6, RFC 3834 §2.
enum VacationRules {
    /// - Parameters:
    ///   - message: as received; what the script did to the header does not count.
    ///   - own: addresses of the user, by their `key`.
    static func permit(answering message: Message, from sender: MailAddress, own: Set<String>) -> Bool {
        !isRobot(sender) && !own.contains(sender.key) && !isAutomatic(message) && isAddressed(message, to: own)
    }

    /// Addresses that no person reads.
    private static func isRobot(_ sender: MailAddress) -> Bool {
        let name = sender.foldedLocalPart
        let robots: Set<String> = [
            "mailer-daemon", "listserv", "majordomo", "mailman", "noreply", "no-reply", "donotreply", "do-not-reply", "bounce", "bounces",
        ]
        return robots.contains(name) || name.hasPrefix("owner-") || name.hasPrefix("mailer-daemon") || name.hasSuffix("-request")
            || name.hasSuffix("-owner") || name.hasSuffix("-bounces") || name.contains("-bounces+")
    }

    /// Whether a list, a robot or a bulk mailer sent it.
    private static func isAutomatic(_ message: Message) -> Bool {
        message.headers.contains { field in
            let name = field.name.lowercased()
            func value() -> String { field.raw.lowercased().trimmed }
            switch name {
            case "auto-submitted": return value().prefix { $0 != ";" && $0 != " " && $0 != "(" } != "no"
            case "precedence": return ["bulk", "list", "junk"].contains(value())
            case "x-auto-response-suppress":
                return value().split(separator: ",").contains { ["all", "oof", "autoreply"].contains(String($0).trimmed) }
            case "x-autoreply", "x-autorespond", "x-auto-reply", "x-loop", "feedback-id": return true
            case "list-id", "list-post", "list-unsubscribe", "list-subscribe", "list-help", "list-owner", "list-archive": return true
            default: return false
            }
        }
    }

    /// Whether the user is named as a recipient, so that it is known who answers.
    private static func isAddressed(_ message: Message, to own: Set<String>) -> Bool {
        let names: Set<String> = ["to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc"]
        return message.headers.lazy.filter { names.contains($0.name.lowercased()) }
            .contains { field in
                field.addresses.contains { address in
                    guard let address = try? MailAddress(parsing: address.email) else { return false }
                    return own.contains(address.key) || own.contains(address.withoutDetail.key)
                }
            }
    }
}

extension String {
    fileprivate var trimmed: String { Octets(utf8).trimmed.text }
}
