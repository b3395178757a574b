import Formats
import Sieve
import Testing

/// A message and its delivery, on which scripts are tried.
struct Scenario {
    var message: String = Self.letter
    var environment = SieveEnvironment(sender: "coyote@desert.example", recipient: "roadrunner@acme.example", now: 1_700_000_000)

    static let letter = """
        From: Wile E. Coyote <coyote@desert.example>
        To: roadrunner@acme.example, Foghorn <leghorn+farm@acme.example>
        Cc: "Porky, Pig" <pig@example.org>
        Date: Tue, 1 Apr 1997 09:06:31 -0800 (PST)
        Subject: I have a present for you
        Message-ID: <abcd.001@desert.example>
        X-Priority: 3
        X-Spam-Score: 42
        Content-Type: text/plain; charset=utf-8

        Look, I'm sorry about the whole anvil thing.

        """

    init(_ message: String = Self.letter) { self.message = message }

    /// The message's bytes, with the line ends of the Internet.
    var bytes: [UInt8] { Array(message.replacing("\n", with: "\r\n").utf8) }

    func run(_ script: String, limits: SieveLimits = .standard) throws -> SieveResult {
        let script = try SieveScript(parsing: script.utf8, limits: limits)
        return script.run(on: SieveMessage(Message(parsing: bytes)), in: environment)
    }

    /// What the script asks for, a line an action.
    func actions(_ script: String) throws -> [String] {
        let result = try run(script)
        if let error = result.error { return ["error: \(error.message)"] }
        return result.actions.isEmpty ? ["discard"] : result.actions.map(\.summary)
    }

    /// Whether a test is true.
    func holds(_ test: String, require: String = "", before: String = "") throws -> Bool {
        let names = require.split(separator: " ").map { "\"\($0)\"" }.joined(separator: ",")
        let result = try run("require [\(names)]; \(before) if \(test) { discard; }")
        if let error = result.error { throw error }
        return result.actions.isEmpty
    }

    /// The value that a script gives to the variable `x`.
    func value(_ commands: String, require: String = "") throws -> String {
        let names = (["variables", "fileinto"] + require.split(separator: " ").map(String.init)).map { "\"\($0)\"" }
        let result = try run("require [\(names.joined(separator: ","))]; \(commands) fileinto \"=${x}\";")
        if let error = result.error { throw error }
        guard case .fileInto(let filing)? = result.actions.first else { return "" }
        return String(filing.mailbox.dropFirst())
    }
}

extension SieveAction {
    /// On one line: `fileinto Lists [\Seen]`.
    var summary: String {
        switch self {
        case .keep(let keep): (keep.isImplicit ? "implicit keep" : "keep") + Self.shown(keep.flags)
        case .fileInto(let filing):
            "fileinto \(filing.mailbox)" + (filing.creates ? " :create" : "") + (filing.specialUse.map { " :specialuse \($0)" } ?? "")
                + Self.shown(filing.flags)
        case .redirect(let redirect): "redirect \(redirect.address)"
        case .reject(let rejection): "\(rejection.isAtProtocolLevel ? "ereject" : "reject") \(rejection.reason)"
        case .vacation(let request): "vacation \(request.recipient)"
        }
    }

    private static func shown(_ flags: [String]) -> String { flags.isEmpty ? "" : " [\(flags.joined(separator: " "))]" }

    var header: EditedHeader? {
        switch self {
        case .keep(let keep): keep.header
        case .fileInto(let filing): filing.header
        case .redirect(let redirect): redirect.header
        case .reject, .vacation: nil
        }
    }

    var vacation: VacationRequest? {
        if case .vacation(let request) = self { request } else { nil }
    }
}

/// The error that a script is refused with, as `line:column message`.
func complaint(_ script: String, limits: SieveLimits = .standard) -> String {
    do {
        _ = try SieveScript(parsing: script.utf8, limits: limits)
        return "valid"
    } catch {
        return "\(error.line):\(error.column) \(error.message)"
    }
}
