/// What bounds a script and a run of it, so that no script and no message costs more than a moment.
package struct SieveLimits: Hashable, Sendable {
    /// Octets of a script.
    package var scriptSize = 1 << 20
    /// How deep blocks and tests may nest, counted together.
    package var nesting = 32
    /// Commands and tests of a script, together.
    package var commands = 10_000
    /// Strings of a script, those in lists included.
    package var strings = 50_000
    /// Octets of one string of a script; what a variable makes longer is cut.
    package var stringSize = 64 << 10
    /// Names of variables in a script.
    package var variables = 256
    /// Octets of a variable's value; a longer one is cut between two characters.
    package var variableSize = 16 << 10
    /// Instructions that a regular expression may compile to.
    package var patternSize = 10_000
    /// Redirects that one run may ask for.
    package var redirects = 5
    /// Actions of every kind that one run may ask for.
    package var actions = 100
    /// Header fields that one run may add.
    package var addedFields = 50
    /// Octets of a message's text that `body` looks at.
    package var bodySize = 4 << 20
    /// Steps of one run: roughly, octets compared. This many take less than a second.
    package var steps = 60_000_000

    package init() {}

    /// What every script of a user is held to.
    package static let standard = SieveLimits()
}
