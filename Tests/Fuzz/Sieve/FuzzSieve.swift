import Formats
import Sieve

/// Reads a script of whatever the bytes before the first NUL are, and runs it over the message that the rest is; then over a message
/// with everything in it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = data.map { Array(UnsafeBufferPointer(start: $0, count: count)) } ?? []
    let end = bytes.firstIndex(of: 0) ?? bytes.count
    var limits = SieveLimits()
    limits.steps = 300_000
    do {
        let script = try SieveScript(parsing: bytes[..<end], limits: limits)
        run(script, on: Array(bytes[min(end + 1, bytes.count)...]))
        run(script, on: letter)
    } catch {
        let lines = bytes[..<end].count { $0 == 0x0A } + 1
        precondition((1...lines).contains(error.line), "a line that is not there")
        precondition(error.column >= 1 && error.column <= end + 1, "a column that is not there")
        precondition(!error.message.isEmpty && error.message.utf8.count < 2000)
    }
    return 0
}

private let environment: SieveEnvironment = {
    var environment = SieveEnvironment(sender: "coyote@desert.example", recipient: "runner+fast@acme.example", now: 1_700_000_000)
    environment.ownAddresses = ["own@acme.example"]
    environment.isDuplicate = { $0.id.utf8.count % 2 == 0 }
    environment.hasSpecialUse = { use, name in use == "\\Junk" && name == nil }
    return environment
}()

/// Checks what every result promises.
private func run(_ script: SieveScript, on bytes: [UInt8]) {
    let message = SieveMessage(Message(parsing: bytes))
    let result = script.run(on: message, in: environment)
    precondition(script.run(on: message, in: environment) == result, "two runs differ")
    if result.error != nil { precondition(result.actions == [.keep(.init(isImplicit: true))] && result.toRemember.isEmpty) }
    precondition(result.actions.count <= 101 && result.toRemember.count <= 100)
    var mailboxes: Set<String> = []
    for action in result.actions {
        switch action {
        case .keep(let keep): check(keep.header, keep.flags, bytes)
        case .fileInto(let filing):
            check(filing.header, filing.flags, bytes)
            precondition(mailboxes.insert("\(filing.specialUse ?? "")/\(filing.mailbox)").inserted)
            precondition(!filing.mailbox.isEmpty && filing.mailbox.utf8.count <= 1000)
        case .redirect(let redirect): check(redirect.header, [], bytes)
        case .reject: precondition(result.actions.count == 1)
        case .vacation(let request): precondition((0...60 * 86_400).contains(request.seconds) && request.references.count <= 21)
        }
    }
}

/// An edited header is one that parses to fields, and leaves the body where it was.
private func check(_ header: EditedHeader?, _ flags: [String], _ bytes: [UInt8]) {
    precondition(flags.count <= 100 && flags.allSatisfy { !$0.isEmpty && !$0.contains(" ") })
    guard let header else { return }
    precondition(header.rest <= bytes.count)
    let before = Message(parsing: bytes)
    let after = Message(parsing: header.message(of: bytes))
    precondition(after.headers.count <= before.headers.count + 50)
}

private let letter = Array(
    """
    Received: from a (b; c) by d; Mon, 2 Jan 2006 15:04:05 +0000
    From: "Coyote, W." <coyote@desert.example>
    To: runner+fast@acme.example, friends: a@x.example, b@y.example;
    Cc: own@acme.example
    Date: Tue, 1 Apr 1997 09:06:31 -0800 (PST)
    Subject: =?utf-8?Q?a_pr=C3=A9sent?= for you
    Message-ID: <1@desert.example>
    X-Score: 42
    MIME-Version: 1.0
    Content-Type: multipart/mixed; boundary=b

    --b
    Content-Type: text/plain; charset=iso-8859-1
    Content-Transfer-Encoding: quoted-printable

    caf=E9
    --b
    Content-Type: text/html

    <p>Big <b>sale</b></p>
    --b--

    """.utf8)
