internal import Delivery
internal import Formats
internal import JMAP
internal import MailStore

/// The envelope of a submission (RFC 8621 §7).
struct Envelope {
    var mailFrom: String
    var rcptTo: [String]
    /// Seconds since 1970, of HOLDFOR or HOLDUNTIL (RFC 4865).
    var holdUntil: Int64?
    /// Of the parameters of RFC 3461.
    var notifications = SubmissionNotifications()
    /// As the client gave it or, generated, as the client is told.
    var json: JSON

    /// Reads an Envelope object; `invalidProperties` when it is not one.
    init(_ json: JSON, now: Int64) throws(SetError) {
        guard let object = json.object, object.names.allSatisfy({ $0 == "mailFrom" || $0 == "rcptTo" }),
            let from = object["mailFrom"].flatMap(Address.init), let items = object["rcptTo"]?.array
        else { throw .invalidProperties(["envelope"]) }
        var recipients: [String] = []
        for item in items {
            guard let address = Address(item), address.parameters.keys.allSatisfy(Self.recipientParameters.contains) else {
                throw .invalidProperties(["envelope/rcptTo"])
            }
            recipients.append(address.email)
            guard notifications.take(recipient: address.email, address.parameters) else {
                throw .invalidProperties(["envelope/rcptTo"])
            }
        }
        mailFrom = from.email
        rcptTo = recipients
        self.json = json
        holdUntil = try Self.holdUntil(from.parameters, now: now)
        guard notifications.take(sender: from.parameters) else { throw .invalidProperties(["envelope/mailFrom"]) }
    }

    /// RFC 8621 §7: from the message's header, when the client gives none.
    ///
    /// - Parameter allows: whether the identity lets that address be the sender; else the identity's own is.
    init(of message: Message, identity: String, allows: (String) -> Bool) throws(SetError) {
        let senders = message.headers.filter { $0.isNamed("Sender") }
        let froms = message.headers.filter { $0.isNamed("From") }
        let (field, name) = senders.isEmpty ? (froms, "from") : (senders, "sender")
        guard field.count == 1, field[0].addresses.count == 1 else {
            throw SetError(
                "invalidEmail", description: "The message needs one sender.", details: ["properties": [.string(name)]])
        }
        let address = field[0].addresses[0].email
        mailFrom = allows(address) ? address : identity
        var seen: Set<String> = []
        rcptTo = ["To", "Cc", "Bcc"].flatMap { name in
            message.headers.filter { $0.isNamed(name) }.flatMap(\.addresses).map(\.email)
        }.filter { seen.insert((try? MailAddress(parsing: $0))?.key ?? $0).inserted }
        json = [
            "mailFrom": ["email": .string(mailFrom), "parameters": nil],
            "rcptTo": .array(rcptTo.map { ["email": .string($0), "parameters": nil] }),
        ]
    }

    /// Those of RFC 3461.
    private static let recipientParameters: Set<String> = ["NOTIFY", "ORCPT"]
    private static let senderParameters: Set<String> = ["SIZE", "BODY", "SMTPUTF8", "ENVID", "RET"]

    private static func holdUntil(_ parameters: [String: String?], now: Int64) throws(SetError) -> Int64? {
        let longest = Int64(MailLimits.maxDelayedSend)
        var holdUntil: Int64?
        for (name, value) in parameters {
            switch name {
            case "HOLDFOR": holdUntil = value.flatMap { Int64($0) }.flatMap { (0...longest).contains($0) ? now + $0 : nil } ?? -1
            case "HOLDUNTIL": holdUntil = value.flatMap { UTCDate($0) }.map { Int64($0.seconds) } ?? -1
            default: guard senderParameters.contains(name) else { throw .invalidProperties(["envelope/mailFrom"]) }
            }
        }
        guard let holdUntil else { return nil }
        guard holdUntil >= 0, holdUntil <= now + longest,
            !(parameters.keys.contains("HOLDFOR") && parameters.keys.contains("HOLDUNTIL")) else {
            throw .invalidProperties(["envelope/mailFrom"], "The message cannot be held until then.")
        }
        return holdUntil > now ? holdUntil : nil
    }

    /// An Address object: parameter names in capitals.
    private struct Address {
        let email: String
        let parameters: [String: String?]

        init?(_ json: JSON) {
            guard let object = json.object, let email = object["email"]?.string,
                object.names.allSatisfy({ $0 == "email" || $0 == "parameters" })
            else { return nil }
            self.email = email
            var parameters: [String: String?] = [:]
            if let given = object["parameters"], !given.isNull {
                guard let given = given.object else { return nil }
                for (name, value) in given {
                    guard value.isNull || value.string != nil else { return nil }
                    parameters[name.uppercased()] = .some(value.string)
                }
            }
            self.parameters = parameters
        }
    }
}
