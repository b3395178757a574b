internal import Directory
internal import Formats
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// `https://mta-sts.<domain>/.well-known/mta-sts.txt`: what other servers may expect of ours. RFC 8461 §3.2.
struct MailPolicyPage: Sendable {
    /// Seconds that other servers keep it: a week.
    private static let age = 604_800

    let directory: Directory
    let mailServer: Site.MailServer

    func addRoutes(to routes: Routes) {
        routes.open.get("/.well-known/mta-sts.txt") { request, _ in
            guard let text = policy(authority: request.head.authority ?? "") else { throw Problem(.notFound) }
            return Response(
                status: .ok, headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "max-age=300"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        }
    }

    /// Nil for a host that speaks for no domain of ours.
    private func policy(authority: String) -> String? {
        let host = authority.split(separator: ":").first ?? ""
        guard host.lowercased().hasPrefix("mta-sts."), let name = try? DomainName(parsing: host.dropFirst(8)),
            let domain = directory.snapshot.domain(name), domain.isActive
        else { return nil }
        let mode = mailServer.hasCertificate ? "enforce" : "testing"
        return "version: STSv1\r\nmode: \(mode)\r\nmx: \(mailServer.name)\r\nmax_age: \(Self.age)\r\n"
    }
}
