import SMTP
import Testing

@Suite("What a sender wants to hear")
struct NotificationRequestTests {
    @Test(
        "is read from MAIL and RCPT",
        arguments: [
            ("MAIL FROM:<a@b.test> RET=hdrs ENVID=x+2B1", "250 2.1.0 Sender OK"),
            ("MAIL FROM:<a@b.test> RET=SOME", "501 5.5.4 Bad value of parameter RET"),
            ("MAIL FROM:<a@b.test> ENVID=+0A", "501 5.5.4 Bad value of parameter ENVID"),
            ("MAIL FROM:<a@b.test> HOLDFOR=60", "555 5.5.4 Parameter HOLDFOR not supported"),
        ])
    func mail(line: String, reply: String) {
        let talk = Talk()
        #expect(talk.say(["EHLO c", line]) == reply)
    }

    @Test(
        "is read for each recipient",
        arguments: [
            ("NOTIFY=NEVER", "250"), ("NOTIFY=SUCCESS,failure,DELAY ORCPT=rfc822;Bob+2Bx@b.test", "250"), ("NOTIFY=", "501"),
            ("NOTIFY=NEVER,SUCCESS", "501"), ("ORCPT=bob", "501"), ("ORCPT=rfc822;", "501"), ("NOTIFY=NEVER NOTIFY=NEVER", "501"),
            ("ORCPT=rfc822;a+0Ab", "501"), ("ELSE=1", "555"),
        ])
    func recipients(parameters: String, code: String) {
        let talk = Talk()
        _ = talk.say(["EHLO c", "MAIL FROM:<a@b.test>"])
        #expect(talk.say("RCPT TO:<alice@demo.test> \(parameters)").hasPrefix(code))
    }

    @Test("comes with the envelope, one for each accepted recipient")
    func envelope() {
        let talk = Talk()
        _ = talk.say([
            "EHLO c", "MAIL FROM:<a@b.test> RET=FULL ENVID=id+3D1", "RCPT TO:<nobody@demo.test> NOTIFY=SUCCESS",
            "RCPT TO:<alice@demo.test> NOTIFY=DELAY,SUCCESS ORCPT=RFC822;x@y.test", "DATA",
        ])
        _ = talk.send(.messageReceived(refusal: nil))
        let envelope = talk.delivered[0]
        #expect(envelope.returns == .full && envelope.envelopeID == "id=1")
        #expect(envelope.requests == [NotificationRequest(events: [.success, .delay], original: "rfc822;x@y.test")])
        #expect(envelope.requests[0].notifyValue == "SUCCESS,DELAY" && envelope.requests[0].originalValue == "rfc822;x@y.test")
    }

    @Test("a hold ends at a time within its bound")
    func hold() {
        #expect(HoldRequest.interval(60).end(now: 1000, longest: 100) == 1060)
        #expect(HoldRequest.interval(101).end(now: 1000, longest: 100) == nil)
        #expect(HoldRequest.until(900).end(now: 1000, longest: 100) == 1000)
        #expect(HoldRequest.until(1101).end(now: 1000, longest: 100) == nil)
    }
}
