import Foundation

/// One run of `CrashChild`, the process that dies at a numbered step.
package struct CrashRun {
    /// Its exit code; nil when a signal ended it.
    package let status: Int32?
    /// What it printed, by lines.
    package let output: [String]

    /// Runs the child beside this test bundle, and waits for its end.
    ///
    /// By popen(3), for which threads are no danger: Foundation's `Process` walks through `/proc/self/fd` with readdir(3) before
    /// it starts anything, and crashes now and then when other threads open and close files meanwhile.
    package init(_ arguments: String...) throws {
        let child = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("CrashChild")
        let command = ([child.path] + arguments).map { "'" + $0.replacingOccurrences(of: "'", with: "'\\''") + "'" }.joined(separator: " ")
        guard let stream = popen("exec " + command, "re") else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&buffer, 1, buffer.count, stream), count > 0 { bytes += buffer[..<count] }
        let end = pclose(stream)
        status = end & 0x7f == 0 ? end >> 8 & 0xff : nil
        output = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
