import Testing

@testable import Server

@Suite("The configuration file")
struct ConfigurationTests {
    @Test("the sample says what holds without a file")
    func sample() throws {
        #expect(try ConfigurationFile.parse(ConfigurationFile.sample, path: "sample") == Configuration())
        #expect(try ConfigurationFile.parse("", path: "empty") == Configuration())
    }

    @Test("the sample names every key of the contract")
    func sampleIsComplete() {
        let keys = [
            "hostname = \"localhost\"", "data = \"/var/lib/mailportal\"", "listen = [\"127.0.0.1:8080\"]", "tls = []",
            "url = \"\"", "trusted_proxies = []", "mx = []", "submission = []", "submissions = []", "lmtp = []",
            "max_message_size = \"50MB\"", "certificate = \"\"", "key = \"\"", "rspamd = \"\"", "rspamd_controller = \"\"",
            "on_unavailable = \"accept\"", "smarthost = \"\"", "port = 25", "servers = []", "records = \"\"",
            "level = \"info\"", "format = \"text\"",
        ]
        for key in keys { #expect(ConfigurationFile.sample.contains("\n\(key)\n"), "\(key)") }
    }

    @Test("values arrive")
    func values() throws {
        let text = """
            hostname = "mail.example.org"
            data = "/srv/mail"
            [http]
            listen = []
            tls = ["0.0.0.0:443", "[::]:443"]
            url = "https://mail.example.org/"
            trusted_proxies = ["10.0.0.0/8"]
            [smtp]
            mx = ["0.0.0.0:25"]
            lmtp = ["unix:/run/mailportal/lmtp"]
            max_message_size = "1 GiB"
            [outbound]
            port = 2526
            [log]
            level = "debug"
            format = "json"
            """
        let configuration = try ConfigurationFile.parse(text, path: "x")
        #expect(configuration.hostname == "mail.example.org")
        #expect(configuration.httpListen.isEmpty)
        #expect(configuration.httpTLS == [Endpoint(host: "0.0.0.0", port: 443), Endpoint(host: "::", port: 443)])
        #expect(configuration.url == "https://mail.example.org")
        #expect(configuration.lmtp == ["unix:/run/mailportal/lmtp"])
        #expect(configuration.maximumMessageSize == 1_073_741_824)
        #expect(configuration.outboundPort == 2526)
        #expect(configuration.logFormat == "json")
    }

    @Test("a mistake is named with its line", arguments: [
        ("hostnam = \"x\"", 1, "hostnam"), ("[http]\nlisten = [\"127.0.0.1:1\"]\nlissten = 1", 3, "http.lissten"),
        ("# a\n[htttp]\nlisten = []", 2, "htttp"), ("[http]\nhostname = \"x\"", 2, "belongs at the top"),
        ("listen = []", 1, "belongs under [http]"), ("[http]\nlisten = \"127.0.0.1:8080\"", 2, "list"),
        ("[http]\nlisten = [1]", 2, "quotes"), ("[http]\nlisten = [\"8080\"]", 2, "host:port"), ("hostname = 5", 1, "quotes"),
        ("[outbound]\nport = \"25\"", 2, "number"), ("[outbound]\nport = 70000", 2, "port"),
        ("[smtp]\nmax_message_size = \"many\"", 2, "size"), ("[log]\nlevel = \"loud\"", 2, "trace"),
        ("[log\nlevel = \"info\"", 1, "]"), ("[[log]]\nlevel = \"info\"", 1, "tables"), ("[[[x", 1, "tables"),
        ("a = 1\n  [[[x]]]", 2, "tables"), ("[http]\ntrusted_proxies = [\"10.0.0.0/40\"]", 2, "range"),
        ("http.url = \"ftp://x\"", 1, "https://"), ("hostname = \"x\"\nhostname = \"y\"", 2, ""),
        ("[antispam]\non_unavailable = \"panic\"", 2, "defer"), ("[smtp]\nmx = [\"unix:relative\"]", 2, "unix:"),
    ])
    func mistakes(text: String, line: Int, word: String) {
        do throws(ConfigurationFile.Failure) {
            _ = try ConfigurationFile.parse(text, path: "x.toml")
            Issue.record("taken: \(text)")
        } catch {
            #expect(error.line == line, "\(error)")
            #expect(word.isEmpty || error.description.contains(word), "\(error)")
        }
    }

    @Test("sizes", arguments: [("50MB", 50_000_000), ("1KiB", 1024), ("7", 7), ("2 gb", 2_000_000_000)])
    func sizes(text: String, bytes: Int) { #expect(ByteSize.parse(text) == bytes) }

    @Test("no sizes", arguments: ["", "MB", "-1", "1.5MB", "10XB", "99999999999TB"])
    func noSizes(text: String) { #expect(ByteSize.parse(text) == nil) }

    @Test("a made password passes our own rules and is never twice the same")
    func madePasswords() {
        let made = (0..<100).map { _ in NewPassword.make() }
        #expect(Set(made).count == 100)
        #expect(made.allSatisfy { $0.count == 19 })
    }
}
