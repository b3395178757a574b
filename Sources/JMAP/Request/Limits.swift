/// What one account may ask at once: the numbers of the core capability (RFC 8620 §2).
package struct Limits: Sendable {
    package var maxSizeUpload = 50_000_000
    package var maxConcurrentUpload = 8
    package var maxSizeRequest = 10_000_000
    package var maxConcurrentRequests = 16
    package var maxCallsInRequest = 64
    package var maxObjectsInGet = 1000
    package var maxObjectsInSet = 1000
    package var collationAlgorithms = ["i;ascii-casemap", "i;unicode-casemap"]

    package init() {}

    /// The value of `urn:ietf:params:jmap:core` in the session.
    package var capability: JSON {
        [
            "maxSizeUpload": .int(maxSizeUpload),
            "maxConcurrentUpload": .int(maxConcurrentUpload),
            "maxSizeRequest": .int(maxSizeRequest),
            "maxConcurrentRequests": .int(maxConcurrentRequests),
            "maxCallsInRequest": .int(maxCallsInRequest),
            "maxObjectsInGet": .int(maxObjectsInGet),
            "maxObjectsInSet": .int(maxObjectsInSet),
            "collationAlgorithms": JSON(collationAlgorithms),
        ]
    }
}
