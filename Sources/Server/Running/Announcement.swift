import Delivery
import Synchronization

/// Says on standard output where the server is to be found, once all its listeners are open.
final class Announcement: Sendable {
    private struct State {
        var missing: Int
        var web: [String] = []
        var mail: [String] = []
    }

    private let configuration: Configuration
    private let logins: [DemoLogin]
    private let state: Mutex<State>

    init(_ configuration: Configuration, logins: [DemoLogin]) {
        self.configuration = configuration
        self.logins = logins
        let web = configuration.httpListen.count + configuration.httpTLS.count
        let mail = configuration.mx + configuration.submission + configuration.submissions + configuration.lmtp + configuration.socketmap
        state = Mutex(State(missing: web + mail.count))
    }

    func webOpened(_ endpoint: Endpoint, isTLS: Bool, port: Int) {
        let host = endpoint.isLoopback ? "localhost" : endpoint.host.contains(":") ? "[\(endpoint.host)]" : endpoint.host
        note { $0.web.append("web         \(isTLS ? "https" : "http")://\(host):\(port)") }
    }

    func mailOpened(_ address: ListenAddress, port: Int) {
        let shown =
            switch address {
            case .tcp(let host, _): Endpoint(host: host, port: port).description
            case .unix: address.description
            }
        note { $0.mail.append("\(purpose(of: address))\(shown)") }
    }

    private func purpose(of address: ListenAddress) -> String {
        let purposes = [
            ("SMTP        ", configuration.mx), ("submission  ", configuration.submission),
            ("submissions ", configuration.submissions), ("LMTP        ", configuration.lmtp),
            ("socketmap   ", configuration.socketmap),
        ]
        let known = purposes.first { $0.1.contains { ListenAddress(parsing: $0) == address } }
        return known?.0 ?? "mail        "
    }

    private func note(_ change: (inout State) -> Void) {
        let complete = state.withLock { state -> State? in
            change(&state)
            state.missing -= 1
            return state.missing == 0 ? state : nil
        }
        if let complete { announce(complete.web.sorted() + complete.mail.sorted()) }
    }

    private func announce(_ lines: [String]) {
        Output.line("Mail Portal is ready.")
        for line in lines { Output.line("  " + line) }
        guard !logins.isEmpty else { return }
        Output.line("Sign in as:")
        let width = logins.map(\.address.count).max() ?? 0
        for login in logins {
            let space = String(repeating: " ", count: width - login.address.count + 2)
            Output.line("  \(login.address)\(space)\(login.password)")
        }
    }
}
