import Formats
import Foundation
import Sieve

/// Asks our interpreter and Pigeonhole's `sieve-test` the same questions about the same messages, and counts the equal answers.
struct SieveOracle {
    struct Group {
        let requires: [String]
        let tests: [String]

        /// A script that files the message once for each test that is true.
        var script: String {
            "require [\(requires.map { "\"\($0)\"" }.joined(separator: ","))];\n"
                + tests.enumerated().map { "if \($1) { fileinto \"t\($0)\"; }\n" }.joined()
        }
    }

    /// `sieve-test` could not judge a message.
    struct Failure: Error {
        let path: String
    }

    struct Miss {
        let test: String
        let path: String
        let isTrueHere: Bool
    }

    static let sender = "coyote@desert.example"
    static let recipient = "roadrunner+detail@acme.example"

    private(set) var compared = 0
    private(set) var misses: [Miss] = []
    private let folder: URL

    /// Whether Pigeonhole's tools are installed.
    static var isAvailable: Bool { FileManager.default.isExecutableFile(atPath: "/usr/bin/sieve-test") }

    /// Makes a folder with a configuration for `sieve-test`, which runs as an ordinary user even when root calls it.
    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "sieve-oracle-\(ProcessInfo.processInfo.processIdentifier)")
        let (user, group) = getuid() == 0 ? ("nobody", "nogroup") : ("\(getuid())", "\(getgid())")
        let home = folder.appending(path: "home")
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: home.path)
        let configuration = """
            mail_location = maildir:\(home.path)/Maildir
            mail_home = \(home.path)
            mail_uid = \(user)
            mail_gid = \(group)
            first_valid_uid = 1
            base_dir = \(folder.path)/run
            log_path = /dev/stderr
            protocols =
            plugin {
              sieve_extensions = +editheader +mailbox +special-use +vacation-seconds +ihave +regex +duplicate
              sieve_max_actions = 0
            }

            """
        try configuration.write(to: folder.appending(path: "dovecot.conf"), atomically: true, encoding: .utf8)
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    /// Groups of tests between blank lines, each begun by `require` and what it requires; lines with `#` are comments.
    static func groups(in text: String) -> [Group] {
        text.split(separator: "\n\n").compactMap { block in
            let lines = block.split(separator: "\n").filter { !$0.hasPrefix("#") }
            guard let first = lines.first, first.hasPrefix("require ") else { return nil }
            return Group(requires: first.dropFirst(8).split(separator: " ").map(String.init), tests: lines.dropFirst().map(String.init))
        }
    }

    mutating func compare(_ group: Group, on paths: [String]) throws {
        let script = try SieveScript(parsing: group.script.utf8)
        let file = folder.appending(path: "script.sieve")
        try group.script.write(to: file, atomically: true, encoding: .utf8)
        for path in paths {
            guard let data = FileManager.default.contents(atPath: path) else { continue }
            let ours = filed(script, [UInt8](data))
            let theirs = try filed(file, path)
            for (index, test) in group.tests.enumerated() {
                compared += 1
                let isTrueHere = ours.contains("t\(index)")
                if isTrueHere != theirs.contains("t\(index)") { misses.append(Miss(test: test, path: path, isTrueHere: isTrueHere)) }
            }
        }
    }

    private func filed(_ script: SieveScript, _ bytes: [UInt8]) -> Set<String> {
        let environment = SieveEnvironment(sender: Self.sender, recipient: Self.recipient, now: Int64(Date().timeIntervalSince1970))
        let result = script.run(on: SieveMessage(Message(parsing: bytes)), in: environment)
        return Set(result.actions.compactMap { if case .fileInto(let filing) = $0 { filing.mailbox } else { nil } })
    }

    private func filed(_ script: URL, _ path: String) throws -> Set<String> {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/sieve-test")
        process.arguments = [
            "-c", folder.appending(path: "dovecot.conf").path, "-C", "-f", Self.sender, "-a", Self.recipient, "-r", Self.recipient, script.path,
            path,
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(path: path) }
        let mark = " * store message in folder: "
        return Set(
            String(decoding: data, as: UTF8.self).split(separator: "\n").filter { $0.hasPrefix(mark) }.map { String($0.dropFirst(mark.count)) })
    }
}

/// conformance sieve: exit code 1 below 98 %.
func compareSieve(_ arguments: [String]) throws -> Never {
    guard SieveOracle.isAvailable else {
        print("skipped: sieve-test of Pigeonhole is not installed (Debian: dovecot-sieve)")
        exit(0)
    }
    let folders = arguments.filter { !$0.hasPrefix("--") }
    var paths: [String] = []
    for folder in folders.isEmpty ? ["Tests/Corpus/mail"] : folders {
        let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        paths += names.filter { [".eml", ".msg", ".raw"].contains(String($0.suffix(4))) }.sorted().map { folder + "/" + $0 }
    }
    let groups = SieveOracle.groups(in: try String(contentsOfFile: "Tests/Corpus/sieve/tests.txt", encoding: .utf8))
    var oracle = try SieveOracle()
    for group in groups { try oracle.compare(group, on: paths) }
    for miss in oracle.misses.prefix(arguments.contains("--all") ? .max : 20) {
        print("\(miss.isTrueHere ? "only ours  " : "only theirs")  \(miss.test)\n             \(miss.path)")
    }
    let percent = 100 * Double(oracle.compared - oracle.misses.count) / Double(max(1, oracle.compared))
    print("\n\(paths.count) messages, \(oracle.compared) answers, \(oracle.misses.count) different, " + String(format: "%.2f %% equal", percent))
    oracle.remove()
    exit(percent >= 98 ? 0 : 1)
}
