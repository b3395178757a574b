import Formats
import SMTP
import Testing

@Suite("The server's session")
struct ServerSessionTests {
    @Test("greets, and answers EHLO with every extension")
    func greeting() {
        let talk = Talk()
        #expect(talk.send(.connected) == "220 mx.demo.test ESMTP ready")
        #expect(
            talk.say("EHLO client.test")
                == "250-mx.demo.test|250-PIPELINING|250-SIZE 1000|250-8BITMIME|250-SMTPUTF8|250-CHUNKING|250-ENHANCEDSTATUSCODES|250-DSN|250 STARTTLS")
        #expect(talk.say("HELO client.test") == "250 mx.demo.test")
    }

    @Test("takes a message from MAIL to the reply after the final dot")
    func transaction() {
        let talk = Talk()
        #expect(talk.say("EHLO c").hasPrefix("250"))
        #expect(talk.say("MAIL FROM:<a@b.test> SIZE=20 BODY=8BITMIME") == "250 2.1.0 Sender OK")
        #expect(talk.say("RCPT TO:<alice@demo.test>") == "250 2.1.5 Recipient OK")
        #expect(talk.say("RCPT TO:<nobody@demo.test>") == "550 5.1.1 No such user here")
        #expect(talk.say("DATA") == "354 End data with <CRLF>.<CRLF>")
        #expect(talk.isReceiving)
        #expect(talk.send(.messageReceived(refusal: nil)) == "250 2.0.0 OK")
        #expect(talk.delivered.count == 1)
        #expect(talk.delivered[0].recipients.map(\.description) == ["alice@demo.test"])
        #expect(talk.delivered[0].sender.description == "a@b.test")
        #expect(talk.delivered[0].isEightBit)
        #expect(talk.say("MAIL FROM:<>") == "250 2.1.0 Sender OK")
        #expect(talk.say("QUIT") == "221 2.0.0 Bye")
        #expect(talk.isClosed)
    }

    @Test(
        "refuses what comes out of order",
        arguments: [
            (["MAIL FROM:<a@b.test>"], "503 5.5.1 Say hello first"),
            (["EHLO c", "RCPT TO:<alice@demo.test>"], "503 5.5.1 MAIL first"),
            (["EHLO c", "DATA"], "503 5.5.1 MAIL first"),
            (["EHLO c", "MAIL FROM:<a@b.test>", "DATA"], "503 5.5.1 RCPT first"),
            (["EHLO c", "MAIL FROM:<a@b.test>", "MAIL FROM:<a@b.test>"], "503 5.5.1 Sender already given"),
            (["EHLO c", "MAIL FROM:<a@b.test>", "RCPT TO:<nobody@demo.test>", "DATA"], "554 5.5.1 No valid recipients"),
            (["EHLO c", "MAIL FROM:<a@b.test>", "RSET", "RCPT TO:<alice@demo.test>"], "503 5.5.1 MAIL first"),
            (["EHLO c", "MAIL FROM:<a@b.test>", "EHLO c", "RCPT TO:<alice@demo.test>"], "503 5.5.1 MAIL first"),
            (["EHLO c", "MAIL FROM:<a@b.test>", "STARTTLS"], "503 5.5.1 Bad sequence of commands"),
            (["LHLO c"], "500 5.5.1 Command not recognized"),
            (["EHLO c", "AUTH PLAIN"], "502 5.5.1 Command not implemented"),
            (["EHLO c", "EXPN x"], "502 5.5.1 Command not implemented"),
            (["EHLO c", "VRFY x"], "252 2.5.0 Send the message, and see"),
            (["EHLO c", "XYZZY"], "500 5.5.1 Command not recognized"),
        ])
    func order(lines: [String], reply: String) {
        let talk = Talk()
        #expect(talk.say(lines) == reply)
    }

    @Test(
        "reads MAIL and RCPT as the grammar says",
        arguments: [
            ("MAIL FROM:<a@b.test>", "250 2.1.0"), ("mail from: <a@b.test>", "250 2.1.0"), ("MAIL FROM:<>", "250 2.1.0"),
            ("MAIL FROM:<@x.test,@y.test:a@b.test>", "250 2.1.0"), ("MAIL FROM:<\"a b\"@b.test>", "250 2.1.0"),
            ("MAIL FROM:<\"a>b\"@b.test>", "250 2.1.0"), ("MAIL FROM:<a@[192.0.2.1]>", "250 2.1.0"),
            ("MAIL FROM:<a@[IPv6:2001:db8::1]>", "250 2.1.0"), ("MAIL FROM:<a@b.test> SIZE=1000", "250 2.1.0"),
            ("MAIL FROM:<a@b.test> AUTH=<>", "250 2.1.0"), ("MAIL FROM:<a@b.test> BODY=7BIT", "250 2.1.0"),
            ("MAIL FROM:<jürgen@b.test> SMTPUTF8", "250 2.1.0"), ("MAIL FROM:<a@bücher.test> SMTPUTF8", "250 2.1.0"),
            ("MAIL FROM:<jürgen@b.test>", "553 5.6.7"), ("MAIL FROM:<a@b.test> SIZE=1001", "552 5.3.4"),
            ("MAIL FROM:<a@b.test> SIZE=99999999999999999999", "552 5.3.4"), ("MAIL FROM:<a@b.test> SIZE=x", "501 5.5.4"),
            ("MAIL FROM:<a@b.test> SIZE", "501 5.5.4"), ("MAIL FROM:<a@b.test> BODY=BINARYMIME", "501 5.5.4"),
            ("MAIL FROM:<a@b.test> SMTPUTF8=1", "501 5.5.4"), ("MAIL FROM:<a@b.test> FOO=1", "555 5.5.4"),
            ("MAIL FROM:<a@b.test> SIZE=1 SIZE=2", "501 5.5.2"), ("MAIL FROM:<a@b.test>SIZE=1", "501 5.5.2"),
            ("MAIL FROM:a@b.test", "501 5.5.2"), ("MAIL FROM:<a@b.test", "501 5.5.2"), ("MAIL TO:<a@b.test>", "501 5.5.2"),
            ("MAIL", "501 5.5.2"), ("MAIL FROM:<a b@b.test>", "501 5.5.2"), ("MAIL FROM:<a@@b.test>", "501 5.1.3"),
            ("MAIL FROM:<a@b..test>", "501 5.1.3"), ("MAIL FROM:<a>", "501 5.1.3"), ("MAIL FROM:<a..b@b.test>", "501 5.1.3"),
            ("MAIL FROM:<a\u{1}@b.test>", "501 5.5.2"),
        ])
    func mailSyntax(line: String, reply: String) {
        let talk = Talk()
        _ = talk.say("EHLO c")
        #expect(talk.say(line).hasPrefix(reply))
    }

    @Test(
        "reads RCPT as the grammar says",
        arguments: [
            ("RCPT TO:<alice@demo.test>", "250"), ("RCPT TO:<Postmaster>", "250"), ("rcpt to:<alice+x@DEMO.test>", "250"),
            ("RCPT TO:<jürgen@demo.test>", "553 5.6.7"), ("RCPT TO:<alice@demo.test> ELSE=1", "555 5.5.4"),
            ("RCPT TO:<>", "501"), ("RCPT TO:<alice>", "501 5.1.3"), ("RCPT alice@demo.test", "501"),
        ])
    func recipientSyntax(line: String, reply: String) {
        let talk = Talk()
        talk.say(["EHLO c", "MAIL FROM:<a@b.test>"])
        #expect(talk.say(line).hasPrefix(reply))
    }

    // MARK: TLS and AUTH

    @Test("forgets what was said in clear once TLS begins")
    func startTLS() {
        let talk = Talk(.submission)
        #expect(talk.say("EHLO c").contains("STARTTLS"))
        #expect(talk.say("STARTTLS") == "220 2.0.0 Ready to start TLS")
        #expect(talk.startsTLS)
        #expect(talk.send(.tlsEstablished) == "")
        #expect(talk.say("MAIL FROM:<a@b.test>") == "503 5.5.1 Say hello first")
        let extensions = talk.say("EHLO c")
        #expect(!extensions.contains("STARTTLS") && extensions.contains("AUTH PLAIN LOGIN"))
        #expect(talk.say("STARTTLS") == "503 5.5.1 Bad sequence of commands")
    }

    @Test("offers no TLS that it does not have")
    func noTLS() {
        let talk = Talk(tls: false)
        #expect(!talk.say("EHLO c").contains("STARTTLS"))
        #expect(talk.say("STARTTLS") == "454 4.7.0 TLS not available")
    }

    @Test("asks submitters who they are")
    func submissionNeedsAuthentication() {
        let talk = Talk(.submission, startsWithTLS: true)
        _ = talk.say("EHLO c")
        #expect(talk.say("MAIL FROM:<alice@demo.test>") == "530 5.7.0 Authentication required")
    }

    @Test("takes no password in clear, but on loopback")
    func clearTextPasswords() {
        let remote = Talk(.submission)
        #expect(!remote.say("EHLO c").contains("AUTH"))
        #expect(remote.say("AUTH PLAIN AGEAYg==") == "538 5.7.11 Encryption required for authentication")
        let local = Talk(.submission, loopback: true)
        #expect(local.say("EHLO c").contains("AUTH PLAIN LOGIN"))
    }

    @Test(
        "speaks PLAIN and LOGIN",
        arguments: [
            (["AUTH PLAIN \(base64("\0alice@demo.test\0wonderland"))"], "235 2.7.0"),
            (["AUTH plain", base64("\0alice@demo.test\0wonderland")], "235 2.7.0"),
            (["AUTH PLAIN \(base64("alice@demo.test\0alice@demo.test\0wonderland"))"], "235 2.7.0"),
            (["AUTH LOGIN", base64("alice@demo.test"), base64("wonderland")], "235 2.7.0"),
            (["AUTH LOGIN \(base64("alice@demo.test"))", base64("wonderland")], "235 2.7.0"),
            (["AUTH PLAIN \(base64("\0alice@demo.test\0wrong"))"], "535 5.7.8"),
            (["AUTH PLAIN \(base64("bob@demo.test\0alice@demo.test\0wonderland"))"], "535 5.7.8"),
            (["AUTH PLAIN", "*"], "501 5.7.0"), (["AUTH PLAIN", "!!!"], "501 5.5.2"), (["AUTH PLAIN ="], "501 5.5.2"),
            (["AUTH PLAIN \(base64("alice"))"], "501 5.5.2"), (["AUTH CRAM-MD5"], "504 5.5.4"), (["AUTH"], "501 5.5.2"),
            (["AUTH LOGIN", base64("")], "501 5.5.2"),
        ])
    func authentication(lines: [String], reply: String) {
        let talk = Talk(.submission, startsWithTLS: true)
        _ = talk.say("EHLO c")
        #expect(talk.say(lines).hasPrefix(reply))
    }

    @Test("lets who authenticated send, once")
    func authenticated() {
        let talk = Talk(.submission, startsWithTLS: true)
        talk.say(["EHLO c", "AUTH PLAIN \(base64("\0alice@demo.test\0wonderland"))"])
        #expect(talk.session.client.identity == "alice@demo.test")
        #expect(talk.session.client.transmissionType(isSMTPUTF8: false) == "ESMTPSA")
        #expect(talk.say("AUTH PLAIN x") == "503 5.5.1 Bad sequence of commands")
        talk.senderRefusals["bob@demo.test"] = Reply(553, 5, 7, 1, "No")
        #expect(talk.say("MAIL FROM:<bob@demo.test>") == "553 5.7.1 No")
        #expect(talk.say("MAIL FROM:<alice@demo.test>") == "250 2.1.0 Sender OK")
    }

    @Test("ends a guessing of passwords")
    func passwordGuessing() {
        let talk = Talk(.submission, startsWithTLS: true)
        _ = talk.say("EHLO c")
        let guess = "AUTH PLAIN \(base64("\0alice@demo.test\0x"))"
        #expect(talk.say([guess, guess]).hasPrefix("535"))
        #expect(talk.say(guess) == "421 4.7.0 Too many errors")
        #expect(talk.isClosed)
    }

    // MARK: LMTP

    @Test("answers LMTP once for each recipient")
    func lmtp() {
        let talk = Talk(.lmtp)
        #expect(talk.send(.connected) == "220 mx.demo.test LMTP ready")
        #expect(talk.say("EHLO c") == "500 5.5.1 Command not recognized")
        talk.say(["LHLO c", "MAIL FROM:<>", "RCPT TO:<alice@demo.test>", "RCPT TO:<nobody@demo.test>", "RCPT TO:<bob@demo.test>"])
        #expect(talk.say("DATA").hasPrefix("354"))
        talk.deliveryReplies = [.ok, Reply(452, 4, 2, 2, "Mailbox full")]
        #expect(talk.send(.messageReceived(refusal: nil)) == "250 2.0.0 OK|452 4.2.2 Mailbox full")
        talk.say(["MAIL FROM:<>", "RCPT TO:<alice@demo.test>", "RCPT TO:<bob@demo.test>", "DATA"])
        #expect(
            talk.send(.messageReceived(refusal: .bareControl))
                == "554 5.6.0 Message contains a bare CR or LF, or a hidden end|554 5.6.0 Message contains a bare CR or LF, or a hidden end")
        #expect(talk.say(["MAIL FROM:<>", "RCPT TO:<nobody@demo.test>", "DATA"]) == "503 5.5.1 RCPT first")
    }

    @Test("never leaves an LMTP recipient without an answer")
    func lmtpMissingAnswers() {
        let talk = Talk(.lmtp)
        talk.say(["LHLO c", "MAIL FROM:<>", "RCPT TO:<alice@demo.test>", "RCPT TO:<bob@demo.test>", "DATA"])
        talk.deliveryReplies = [.ok]
        #expect(talk.send(.messageReceived(refusal: nil)) == "250 2.0.0 OK|451 4.3.0 Local error, try again later")
    }

    // MARK: CHUNKING

    @Test("takes a message in chunks, and mixes them with nothing")
    func chunks() {
        let talk = Talk()
        talk.say(["EHLO c", "MAIL FROM:<a@b.test>", "RCPT TO:<alice@demo.test>"])
        #expect(talk.say("BDAT 10") == "")
        #expect(talk.chunk?.size == 10 && talk.chunk?.isKept == true)
        #expect(talk.send(.chunkReceived) == "250 2.0.0 OK")
        #expect(talk.say("DATA").hasPrefix("503"))
        #expect(talk.say("RCPT TO:<bob@demo.test>").hasPrefix("503"))
        #expect(talk.say("MAIL FROM:<>").hasPrefix("503"))
        #expect(talk.say("BDAT 0 LAST") == "")
        #expect(talk.chunk?.isLast == true)
        #expect(talk.send(.messageReceived(refusal: nil)) == "250 2.0.0 OK")
        #expect(talk.delivered.count == 1)
        talk.say(["MAIL FROM:<a@b.test>", "RCPT TO:<alice@demo.test>", "BDAT 5"])
        #expect(talk.send(.chunkReceived).hasPrefix("250"))
        #expect(talk.say(["RSET", "DATA"]).hasPrefix("503 5.5.1 MAIL"))
    }

    @Test("reads the octets of a chunk that it refuses, and ends where it cannot know them")
    func refusedChunks() {
        let talk = Talk()
        talk.say(["EHLO c"])
        #expect(talk.say("BDAT 10 LAST") == "")
        #expect(talk.chunk?.isKept == false)
        #expect(talk.send(.chunkReceived) == "503 5.5.1 MAIL first")
        talk.say(["MAIL FROM:<a@b.test>", "RCPT TO:<nobody@demo.test>", "BDAT 3"])
        #expect(talk.send(.chunkReceived) == "554 5.5.1 No valid recipients")
        #expect(talk.say("BDAT x") == "501 5.5.4 Chunk size expected")
        #expect(talk.isClosed)
        let rude = Talk()
        #expect(rude.say("BDAT 3") == "")
        #expect(rude.send(.chunkReceived) == "503 5.5.1 MAIL first")
        #expect(rude.say("MAIL FROM:<a@b.test>") == "503 5.5.1 Say hello first")
        let big = Talk()
        #expect(big.say("BDAT 999999999999") == "552 5.3.4 Message exceeds the size limit")
        #expect(big.isClosed)
    }

    @Test("chunks that are too big together are dropped from there on, and the sender is told at once")
    func tooManyChunks() {
        let talk = Talk()
        talk.say(["EHLO c", "MAIL FROM:<a@b.test>", "RCPT TO:<alice@demo.test>", "BDAT 600"])
        #expect(talk.send(.chunkReceived) == "250 2.0.0 OK")
        #expect(talk.say("BDAT 600") == "")
        #expect(talk.chunk?.isKept == false)
        #expect(talk.send(.chunkReceived) == "552 5.3.4 Message exceeds the size limit")
        #expect(talk.say("BDAT 0 LAST") == "")
        #expect(talk.send(.chunkReceived) == "503 5.5.1 MAIL first")
        #expect(talk.say(["MAIL FROM:<a@b.test>", "RCPT TO:<alice@demo.test>", "BDAT 900 LAST"]) == "")
        #expect(talk.chunk?.isKept == true)
    }

    // MARK: A server in front

    @Test("takes XFORWARD from a trusted server, for one transaction")
    func forwarding() {
        let talk = Talk(.lmtp, trusted: true)
        #expect(talk.say("LHLO front").hasSuffix("XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE"))
        #expect(talk.say("XFORWARD NAME=spike.foreign.test ADDR=IPV6:2001:db8::7 PROTO=ESMTP") == "250 2.0.0 OK")
        #expect(talk.say("XFORWARD HELO=a+2Bb+0D SOURCE=REMOTE IDENT=4F PORT=[UNAVAILABLE]") == "250 2.0.0 OK")
        let forwarded = talk.session.client.forwarded
        #expect(forwarded?.name == "spike.foreign.test" && forwarded?.address == "2001:db8::7" && forwarded?.greeting == "a+b?")
        #expect(forwarded?.protocolName == "ESMTP" && forwarded?.isLocal == false)
        talk.say(["MAIL FROM:<>", "RCPT TO:<alice@demo.test>"])
        #expect(talk.say("XFORWARD NAME=x") == "503 5.5.1 Bad sequence of commands")
        _ = talk.say("DATA")
        #expect(talk.session.client.forwarded != nil)
        _ = talk.send(.messageReceived(refusal: nil))
        #expect(talk.session.client.forwarded == nil)
        #expect(talk.say(["XFORWARD ADDR=192.0.2.1 SOURCE=LOCAL", "RSET"]).hasPrefix("250"))
        #expect(talk.session.client.forwarded == nil)
    }

    @Test("takes XFORWARD from nobody else, and no nonsense in it")
    func refusedForwarding() {
        let stranger = Talk()
        #expect(!stranger.say("EHLO c").contains("XFORWARD"))
        #expect(stranger.say("XFORWARD ADDR=192.0.2.1") == "500 5.5.1 Command not recognized")
        let talk = Talk(.lmtp, trusted: true)
        #expect(talk.say("XFORWARD ADDR=192.0.2.1") == "503 5.5.1 Bad sequence of commands")
        _ = talk.say("LHLO front")
        for line in ["XFORWARD", "XFORWARD ADDR", "XFORWARD WISH=1", "XFORWARD HELO=+0", "XFORWARD HELO=\(String(repeating: "a", count: 256))"] {
            #expect(talk.say(line).hasPrefix("501"), "\(line)")
        }
        #expect(talk.say("XFORWARD ADDR=[UNAVAILABLE]").hasPrefix("250"))
        #expect(talk.session.client.forwarded?.address == nil)
    }

    @Test("sends away who must make room, who sends a message unasked, and who never ends one")
    func sentAway() {
        #expect(Talk().send(.crowdedOut) == "421 4.7.0 Too many connections, try again later")
        let talk = Talk()
        talk.say(["EHLO c", "DATA"])
        #expect(talk.send(.outOfTurn) == "421 4.5.0 Data sent before it was asked for")
        #expect(talk.isClosed)
        let flood = Talk()
        talk.say(["EHLO c", "MAIL FROM:<a@b.test>", "RCPT TO:<alice@demo.test>", "DATA"])
        #expect(flood.send(.flooded) == "552 5.3.4 Message exceeds the size limit")
        #expect(flood.isClosed)
    }

    // MARK: Limits

    @Test("has an end for errors, idle talk, recipients and guesses")
    func limits() {
        let errors = Talk { $0.errors = 3 }
        #expect(errors.say(["X", "X", "X"]).hasPrefix("500"))
        #expect(errors.say("X") == "421 4.7.0 Too many errors")

        let idle = Talk { $0.idleCommands = 3 }
        #expect(idle.say(["NOOP", "RSET", "VRFY a"]).hasPrefix("252"))
        #expect(idle.say("NOOP") == "421 4.7.0 Too many errors")

        let recipients = Talk { $0.recipients = 2 }
        recipients.say(["EHLO c", "MAIL FROM:<>", "RCPT TO:<a@demo.test>", "RCPT TO:<b@demo.test>"])
        #expect(recipients.say("RCPT TO:<c@demo.test>") == "452 4.5.3 Too many recipients")
        #expect(recipients.say("DATA").hasPrefix("354"))

        let guesses = Talk { $0.refusedRecipients = 2 }
        guesses.say(["EHLO c", "MAIL FROM:<>", "RCPT TO:<nobody@demo.test>", "RCPT TO:<nobody@demo.test>"])
        #expect(guesses.say("RCPT TO:<nobody@demo.test>") == "421 4.7.0 Too many errors")
    }

    @Test("says why it ends, and says nothing after")
    func ends() {
        let talk = Talk()
        #expect(talk.send(.timedOut) == "421 4.4.2 Timeout")
        #expect(talk.send(.shuttingDown) == "")
        let web = Talk()
        #expect(web.say("GET / HTTP/1.1").hasPrefix("421"))
        let long = Talk()
        #expect(long.send(.lineTooLong) == "500 5.5.2 Line too long")
        #expect(long.send(.bareLineEnd) == "500 5.5.2 Lines end with CR LF")
    }

    @Test("a client's words cannot break out of a reply")
    func replyInjection() {
        let reply = Reply(550, 5, 1, 1, "no\r\n250 yes\u{7F}")
        #expect(String(decoding: reply.serialized, as: UTF8.self) == "550 5.1.1 no??250 yes?\r\n")
    }
}

func base64(_ text: String) -> String { String(decoding: Base64.encode(Array(text.utf8)), as: UTF8.self) }
