import Disk
import Formats
import Synchronization
import Testing

@testable import Delivery

@Suite("Return paths of forwards (SRS)")
struct SRSTests {
    private static let secret = [UInt8](0..<32)
    private let ours = domain("ours.test")

    private func srs(day: Int = 20_000, secret: [UInt8] = SRSTests.secret) -> SRS { SRS(secret: secret) { day } }

    private func outcome(_ srs: SRS, _ text: String) -> String {
        do throws(SRS.Failure) { return try srs.original(of: address(text)).description } catch { return "\(error)" }
    }

    @Test(
        "a sender comes back as it was",
        arguments: ["ann@x.test", "Ann.B+c=d@x.test", "o'hara@sub.x.test", "\"two words\"@x.test", "jürgen@bücher.example", "a@\(String(repeating: "x", count: 60)).test"])
    func roundTrip(sender: String) throws {
        let path = try #require(srs().returnPath(for: address(sender), at: ours))
        #expect(path.domain == ours)
        #expect(path.localPart.hasPrefix("SRS0="))
        #expect(SRS.isReturnPath(path))
        #expect(try srs().original(of: path) == address(sender))
        #expect(try srs().original(of: address(path.description)) == address(sender))
    }

    @Test("case does not matter, since some servers fold it")
    func folded() throws {
        let path = try #require(srs().returnPath(for: address("Ann@x.test"), at: ours)).description
        #expect(outcome(srs(), path.lowercased()) == "ann@x.test")
        #expect(outcome(srs(), path.uppercased()) == "ANN@x.test")
    }

    @Test("what another forwarder has rewritten leads back to it, through us, and does not grow with each hop")
    func chain() throws {
        let first = try #require(srs(secret: [1]).returnPath(for: address("ann@x.test"), at: domain("first.test")))
        let second = try #require(srs(secret: [2]).returnPath(for: first, at: domain("second.test")))
        #expect(second.localPart.hasPrefix("SRS1="))
        #expect(try srs(secret: [2]).original(of: second) == first)
        let third = try #require(srs(secret: [3]).returnPath(for: second, at: domain("third.test")))
        #expect(third.localPart.count == second.localPart.count)
        #expect(try srs(secret: [3]).original(of: third) == first)
        #expect(try srs(secret: [1]).original(of: first) == address("ann@x.test"))
    }

    @Test("forged, changed and foreign return paths are refused")
    func forged() throws {
        let path = try #require(srs().returnPath(for: address("ann@x.test"), at: ours)).description
        #expect(outcome(srs(secret: [9]), path) == "forged")
        #expect(outcome(srs(), path.replacing("ann", with: "bob")) == "forged")
        #expect(outcome(srs(), path.replacing("x.test", with: "y.test")) == "forged")
        for text in ["SRS0=@ours.test", "SRS0=a=b@ours.test", "SRS0====@ours.test", "SRS1=aaaaaaaa=x.test==b@ours.test", "SRS1=a@ours.test"] {
            #expect(outcome(srs(), text) == "forged", "\(text)")
        }
        #expect(!SRS.isReturnPath(address("srs0@ours.test")))
        #expect(!SRS.isReturnPath(address("srs01@ours.test")))
    }

    @Test("a return path is good for three weeks, over the end of the day counter too", arguments: [20_000, 1020, 1023, 1024])
    func expiry(day: Int) throws {
        let path = try #require(srs(day: day).returnPath(for: address("ann@x.test"), at: ours)).description
        #expect(outcome(srs(day: day + 21), path) == "ann@x.test")
        #expect(outcome(srs(day: day + 22), path) == "expired")
        #expect(outcome(srs(day: day - 1), path) == "expired")
    }

    @Test("a sender too long for a return path has none")
    func tooLong() {
        let long = address(String(repeating: "a", count: 64) + "@" + Array(repeating: String(repeating: "b", count: 60), count: 3).joined(separator: ".") + ".test")
        #expect(srs().returnPath(for: long, at: ours) == nil)
    }

    @Test("the secret is made once, and kept from others")
    func secret() throws {
        let folder = "/tmp/mailportal-srs-\(UInt64.random(in: .min ... .max))"
        try Folder.make(folder)
        defer { try? Folder.removeTree(folder) }
        let first = try SecretFile.contents("\(folder)/srs.key")
        #expect(first.count == 32)
        #expect(try SecretFile.contents("\(folder)/srs.key") == first)
        #expect(try Folder.names(folder) == ["srs.key"])
        let path = try #require(try SRS(data: folder).returnPath(for: address("ann@x.test"), at: ours))
        #expect(try SRS(data: folder).original(of: path) == address("ann@x.test"))
    }
}
