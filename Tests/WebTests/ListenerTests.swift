import Foundation
import Glibc
import NIOCore
import ServiceLifecycle
import Testing

@testable import Web

/// A socket that says exactly what a test wants it to.
private final class RawConnection {
    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(result == 0)
        var timeout = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func send(_ text: String) { _ = Array(text.utf8).withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) } }

    /// What comes until `end` has come, or the other side closes.
    func receive(until end: String? = nil) -> String {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            if let end, String(decoding: bytes, as: UTF8.self).contains(end) { break }
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

@Suite("Listeners", .serialized)
struct ListenerTests {
    /// Runs a listener with short deadlines while `body` talks to it on a thread of its own.
    private func listening(_ deadlines: Deadlines = Deadlines(), _ body: @escaping @Sendable (Int) throws -> Void) async throws {
        let site = try await TestSite()
        let (ports, port) = AsyncStream<Int>.makeStream()
        let listener = WebListener(
            site: site.site, host: "127.0.0.1", port: 0, tls: nil, deadlines: deadlines, logger: site.logger
        ) { channel in port.yield(channel.localAddress?.port ?? 0) }
        let group = ServiceGroup(configuration: .init(services: [listener], logger: site.logger))
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            for await port in ports {
                try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
                    Thread.detachNewThread { done.resume(with: Result { try body(port) }) }
                }
                break
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    @Test("Expect: 100-continue is answered before the body")
    func expectContinue() async throws {
        try await listening { port in
            let connection = try RawConnection(port: port)
            let token = basic("alice@example.org", TestSite.password)
            connection.send(
                "POST /mine HTTP/1.1\r\nHost: x\r\nAuthorization: \(token)\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
            #expect(connection.receive(until: "\r\n\r\n").hasPrefix("HTTP/1.1 100 Continue"))
            connection.send("abc")
            #expect(connection.receive(until: "\r\n\r\n3").contains("HTTP/1.1 200 OK"))
        }
    }

    @Test("a client that says nothing, or not all, is sent away")
    func silence() async throws {
        var deadlines = Deadlines()
        deadlines.head = .milliseconds(300)
        deadlines.progress = .milliseconds(300)
        try await listening(deadlines) { port in
            let clock = ContinuousClock()
            let silent = clock.now
            #expect(try RawConnection(port: port).receive().isEmpty)
            #expect(clock.now - silent < .seconds(5))
            let half = try RawConnection(port: port)
            half.send("GET / HTTP/1.1\r\nHost: x\r\n")
            #expect(half.receive().isEmpty)
            let stuck = try RawConnection(port: port)
            let token = basic("alice@example.org", TestSite.password)
            stuck.send("POST /mine HTTP/1.1\r\nHost: x\r\nAuthorization: \(token)\r\nContent-Length: 100\r\n\r\nonly this")
            #expect(!stuck.receive().contains("200 OK"))
        }
    }

    @Test("a connection is kept alive for another request")
    func keepAlive() async throws {
        try await listening { port in
            let connection = try RawConnection(port: port)
            for _ in 0..<3 {
                connection.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
                #expect(connection.receive(until: "{\"status\":\"ok\"}").contains("200 OK"))
            }
        }
    }

    @Test("a forwarded address is not believed from anybody")
    func untrustedProxy() async throws {
        try await listening { port in
            let connection = try RawConnection(port: port)
            connection.send("GET /client HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n")
            #expect(connection.receive().hasSuffix("127.0.0.1 false"))
        }
    }

    @Test("headers beyond the limit end the connection")
    func hugeHeaders() async throws {
        try await listening { port in
            let connection = try RawConnection(port: port)
            connection.send("GET /health HTTP/1.1\r\nHost: x\r\nX-Long: " + String(repeating: "x", count: 100_000) + "\r\n\r\n")
            #expect(!connection.receive().contains("200 OK"))
        }
    }
}
