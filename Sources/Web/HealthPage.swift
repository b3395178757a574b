internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// `/health`: 200 while all works, 503 with the reasons while something does not. For monitors; anybody may look.
struct HealthPage: Encodable {
    let status: String
    /// In words, by component; none when all works.
    let problems: [String: String]?

    init(problems: [String: String]) {
        status = problems.isEmpty ? "ok" : "failing"
        self.problems = problems.isEmpty ? nil : problems
    }

    var response: Response {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return Response(
                status: problems == nil ? .ok : .serviceUnavailable,
                headers: [.contentType: "application/json", .cacheControl: "no-store"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: try encoder.encode(self))))
        }
    }
}
