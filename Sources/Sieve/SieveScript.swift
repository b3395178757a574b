/// A valid script, ready to run: RFC 5228 and its extensions.
///
/// Invariant: everything that can be checked without a message has been: names, tags, types of arguments, extensions, constant
/// addresses and patterns. What a run costs is bounded by `limits`.
package struct SieveScript: Sendable {
    /// The extensions that the script requires.
    package let requires: Set<String>

    /// The extensions that it may use: what it requires, and what it asked for by `ihave` and is there. Who gives a script the head of a
    /// message only, looks here for `body`.
    package let uses: Set<String>

    let commands: [Command]
    /// How many variables there are.
    let variables: Int
    let usesVariables: Bool
    let limits: SieveLimits

    /// Every extension that can be required, sorted: what JMAP tells as `sieveExtensions`.
    package static let extensions: [String] = Extension.all.sorted()

    /// Redirects that a script may ask for: JMAP's `maxNumberRedirects`.
    package static let maximumRedirects = SieveLimits.standard.redirects

    /// Parses and checks the whole script. Takes time linear in its size.
    package init(parsing bytes: some Sequence<UInt8>, limits: SieveLimits = .standard) throws(SieveError) {
        let bytes = Octets(bytes)
        guard bytes.count <= limits.scriptSize else {
            throw SieveError(line: 1, column: 1, message: "the script is longer than \(limits.scriptSize) octets")
        }
        var parser = try SyntaxParser(bytes, limits: limits)
        var compiler = Compiler(limits: limits)
        commands = try compiler.compile(try parser.parse())
        requires = compiler.required
        uses = compiler.enabled
        variables = compiler.variables.count
        usesVariables = uses.contains("variables")
        self.limits = limits
    }

    /// Judges a message. Never fails: an error at run time is told in the result, which then keeps the message.
    package func run(on message: SieveMessage, in environment: SieveEnvironment) -> SieveResult {
        var interpreter = Interpreter(self, message, environment)
        return interpreter.run()
    }
}
