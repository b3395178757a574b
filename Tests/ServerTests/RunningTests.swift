import Foundation
import Logging
import Testing

@testable import Server

@Suite("A running server's surroundings")
struct RunningTests {
    @Test("a second server on the same data is refused, until the first is gone")
    func lock() throws {
        let folder = NSTemporaryDirectory() + "lock-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        do {
            let first = try DataLock(folder)
            #expect(throws: Failure.self) { _ = try DataLock(folder) }
            withExtendedLifetime(first) {}
        }
        _ = try DataLock(folder)
    }

    @Test("a self-signed certificate is made once, for its owner alone, and can be loaded again")
    func selfSigned() throws {
        let folder = NSTemporaryDirectory() + "tls-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var configuration = Configuration()
        configuration.data = folder
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        _ = try Certificates(configuration, logger: logger)
        let key = try Data(contentsOf: URL(filePath: folder + "/tls/key.pem"))
        let mode = try FileManager.default.attributesOfItem(atPath: folder + "/tls/key.pem")[.posixPermissions] as? Int
        #expect(mode == 0o600)
        _ = try Certificates(configuration, logger: logger)
        #expect(try Data(contentsOf: URL(filePath: folder + "/tls/key.pem")) == key)
    }

    @Test("the age of a removed account's folder is in its name")
    func trashNames() {
        #expect(TrashKeeper.time(of: "anna@example.org-1700000000000") == Date(timeIntervalSince1970: 1_700_000_000))
        #expect(TrashKeeper.time(of: "anna-maria@example.org") == nil)
    }
}
