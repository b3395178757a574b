internal import Sieve

/// What the filters of a mailbox may be written in: for those who take scripts from users.
package enum FilterScript {
    /// The extensions that a script may require, sorted.
    package static let extensions = SieveScript.extensions
    /// How often one script may send one message on.
    package static let maximumRedirects = SieveScript.maximumRedirects

    /// Why these bytes are no script that can run here, told to the person who wrote them; nil when they are.
    package static func problem(of bytes: [UInt8]) -> String? {
        do throws(SieveError) {
            _ = try SieveScript(parsing: bytes)
            return nil
        } catch { return error.description }
    }
}
