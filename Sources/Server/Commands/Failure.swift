import ArgumentParser
import Disk
import Glibc

/// Why a command failed: a sentence for standard error, and an exit status (1, or 64–78 as in sysexits.h).
struct Failure: Error, CustomStringConvertible {
    let description: String
    let status: Int32

    init(_ description: String, status: Int32 = 1) {
        self.description = description
        self.status = status
    }

    // sysexits.h
    static func usage(_ text: String) -> Failure { Failure(text, status: 64) }
    static func data(_ text: String) -> Failure { Failure(text, status: 65) }
    static func noUser(_ text: String) -> Failure { Failure(text, status: 67) }
    static func unavailable(_ text: String) -> Failure { Failure(text, status: 69) }
    static func cannotCreate(_ text: String) -> Failure { Failure(text, status: 73) }
    static func temporary(_ text: String) -> Failure { Failure(text, status: 75) }
    static func forbidden(_ text: String) -> Failure { Failure(text, status: 77) }
    static func configuration(_ text: String) -> Failure { Failure(text, status: 78) }

    /// - Parameter subject: what the command was about, for example an address
    init(store error: StoreError, _ subject: String) {
        switch error {
        case .notFound: self.init("\(subject): not found")
        case .alreadyExists: self.init("\(subject): exists already")
        case .overQuota: self.init("\(subject): over quota", status: 75)
        case .preconditionFailed: self.init("\(subject): something it needs, or that needs it, stands in the way")
        case .stateUnknown: self.init("\(subject): changed meanwhile", status: 75)
        case .invalid(let reason): self.init("\(subject): \(reason)", status: 65)
        case .unavailable(let reason): self.init("\(subject): \(reason)", status: 75)
        }
    }
}

/// Writes to the two outputs; nothing is lost when the process ends right after.
enum Output {
    static func line(_ text: String) { put(text + "\n", STDOUT_FILENO) }
    static func message(_ text: String) { put("mailportal: \(text)\n", STDERR_FILENO) }

    private static func put(_ text: String, _ descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}
