import Formats
import FoundationEssentials
import GRDB

/// The SQL function `sort_text(data, 'from' | 'to' | 'subject')`: what a sort by that property compares (RFC 8621 §4.4.2).
enum SortText {
    static var function: DatabaseFunction {
        DatabaseFunction("sort_text", argumentCount: 2, pure: true) { values in
            guard let data = Data.fromDatabaseValue(values[0]), let property = String.fromDatabaseValue(values[1]) else {
                return ""
            }
            return data.withUnsafeBytes { of(SummaryCodec.decode($0), property) }
        }
    }

    private static func of(_ summary: SummaryCodec.Summary, _ property: String) -> String {
        switch property {
        case "subject": summary.baseSubject.lowercased()
        case "from": first(summary.headers.from)
        default: first(summary.headers.to)
        }
    }

    private static func first(_ addresses: [EmailAddress]?) -> String {
        guard let address = addresses?.first else { return "" }
        if let name = address.name, !name.isEmpty { return name.lowercased() }
        return address.email.lowercased()
    }
}
