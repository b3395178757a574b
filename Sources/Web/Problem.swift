package import HTTPTypes
package import Hummingbird
internal import NIOCore

/// An error as a client sees it: `application/problem+json`.
///
/// Throw it from any route. Says little: the cause belongs in the log.
// RFC 9457
package struct Problem: Error, HTTPResponseError, Sendable {
    package let status: HTTPResponse.Status
    /// Names the kind of problem for programs; becomes `type: "urn:mailportal:problem:<code>"`.
    package let code: String
    /// One sentence for people; the status' own phrase is the title.
    package let detail: String?
    /// More members, already JSON on their right side.
    private let members: [(name: String, json: String)]
    package var headers: HTTPFields

    package init(
        _ status: HTTPResponse.Status, code: String? = nil, detail: String? = nil, headers: HTTPFields = [:],
        members: [(name: String, json: String)] = []
    ) {
        self.status = status
        self.code = code ?? "status-\(status.code)"
        self.detail = detail
        self.headers = headers
        self.members = members
    }

    /// 429 with `Retry-After`.
    package static func tooManyRequests(seconds: Int) -> Problem {
        Problem(
            .tooManyRequests, code: "throttled", detail: "Too many attempts. Try again in \(seconds) s.",
            headers: [.retryAfter: String(seconds)], members: [("retryAfter", String(seconds))])
    }

    package var response: Response {
        var json = "{\"type\":\"urn:mailportal:problem:\(code)\",\"title\":\(JSONText.quoted(status.reasonPhrase))"
        json += ",\"status\":\(status.code)"
        if let detail { json += ",\"detail\":\(JSONText.quoted(detail))" }
        for member in members { json += ",\(JSONText.quoted(member.name)):\(member.json)" }
        var headers = self.headers
        headers[.contentType] = "application/problem+json"
        headers[.cacheControl] = "no-store"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: json + "}")))
    }

    package func response(from request: Request, context: some RequestContext) -> Response { response }
}

/// Writes the little JSON that this target answers.
enum JSONText {
    static func quoted(_ text: String) -> String {
        var json = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": json += "\\\""
            case "\\": json += "\\\\"
            case "\n": json += "\\n"
            case "\u{2028}", "\u{2029}": json += "\\u" + String(scalar.value, radix: 16)
            case _ where scalar.value < 0x20:
                json += "\\u00" + (scalar.value < 0x10 ? "0" : "") + String(scalar.value, radix: 16)
            default: json.unicodeScalars.append(scalar)
            }
        }
        return json + "\""
    }
}
