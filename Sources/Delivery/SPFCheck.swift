internal import Directory
internal import Formats
internal import SMTP

/// SPF's word about one message, and the field that tells it. RFC 7208 §9.1.
struct SPFCheck: Sendable {
    let result: SPFResult
    /// What went wrong, for the errors.
    let problem: String?
    let client: ClientAddress
    let sender: ReversePath
    let greeting: String

    /// DNS servers that do not answer hold a message no longer than this.
    private static let patience = Duration.seconds(8)

    /// Judges the envelope sender, or the greeting's name when there is none.
    static func judge(
        _ sender: ReversePath, client: ClientAddress, greeting: String, _ resolver: any Resolver
    ) async -> SPFCheck {
        let question = SPFEvaluation.Question(
            client: client, localPart: sender.address?.localPart ?? "postmaster",
            domain: sender.address?.domain.ascii ?? canonical(greeting), greeting: canonical(greeting))
        let answer = await Deadline.within(patience) { await SPFEvaluation.check(question, resolver) }
        let (result, problem) = answer ?? (.temperror, "the DNS did not answer in time")
        return SPFCheck(result: result, problem: problem, client: client, sender: sender, greeting: greeting)
    }

    /// The greeting as a name to look up; what is none has no policy.
    private static func canonical(_ greeting: String) -> String { (try? DomainName(parsing: greeting))?.ascii ?? "unknown" }

    /// `Received-SPF`, folded.
    func field(hostname: String) -> [UInt8] {
        var text = "Received-SPF: \(result) (\(Self.comment("\(hostname): \(words)")))\r\n"
        text += "\tclient-ip=\(client); envelope-from=\(Self.quoted(sender.description));\r\n"
        text += "\thelo=\(Self.quoted(greeting)); receiver=\(Self.quoted(hostname));\r\n"
        text += "\tidentity=\(sender.address == nil ? "helo" : "mailfrom")\r\n"
        return Array(text.utf8)
    }

    private var words: String {
        let whose = sender.address.map { "domain of \($0)" } ?? "host \(greeting)"
        return switch result {
        case .pass: "\(whose) designates \(client) as permitted sender"
        case .fail: "\(whose) does not designate \(client) as permitted sender"
        case .softfail: "transitioning \(whose) does not designate \(client) as permitted sender"
        case .neutral: "\(client) is neither permitted nor denied by \(whose)"
        case .none: "\(whose) does not designate permitted sender hosts"
        case .temperror, .permerror: problem ?? "error in processing"
        }
    }

    /// Text within parentheses: nothing that ends or nests them, and short enough for a line.
    private static func comment(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && $0 != "\u{7F}" && !"()\\".unicodeScalars.contains($0) }.prefix(600)))
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars.prefix(400) where scalar.value >= 0x20 && scalar != "\u{7F}" {
            if scalar == "\"" || scalar == "\\" { result += "\\" }
            result.unicodeScalars.append(scalar)
        }
        return result + "\""
    }
}

/// Bounds waiting for work that obeys cancellation.
enum Deadline {
    /// What `work` gives, or nil when it takes longer; it is cancelled then.
    static func within<Value: Sendable>(
        _ patience: Duration, _ work: @escaping @Sendable () async -> Value
    ) async -> Value? {
        await withTaskGroup(of: Value?.self) { group in
            group.addTask { await work() }
            group.addTask {
                try? await Task.sleep(for: patience)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }
}
