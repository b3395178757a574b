/// Why a text is not what a parser asked for.
///
/// The reason is for logs and for people; no code decides by it.
package struct ParseError: Error, Hashable, Sendable, CustomStringConvertible {
    package let reason: String

    package init(_ reason: String) {
        self.reason = reason
    }

    package var description: String { reason }
}
