package import Formats

/// The message that a script judges.
package struct SieveMessage: Sendable {
    package let message: Message
    /// What `size` compares with: octets as received.
    package let size: Int

    /// - Parameter size: when `message` was parsed of a part of the file only; nil for all its octets.
    package init(_ message: Message, size: Int? = nil) {
        self.message = message
        self.size = size ?? message.bytes.count
    }
}
