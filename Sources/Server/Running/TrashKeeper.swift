import Disk
import FoundationEssentials
import Logging
import ServiceLifecycle

/// Removes the folders of accounts that were removed more than 30 days ago. Looks at start, and then every six hours.
struct TrashKeeper: Service {
    let folder: String
    let logger: Logger

    private static let days = 30

    func run() async throws {
        while !Task.isShuttingDownGracefully {
            empty(now: Date.now)
            do { try await cancelWhenGracefulShutdown { try await Task.sleep(for: .seconds(6 * 3600)) } } catch { return }
        }
    }

    /// A folder's time is when it was moved here: nobody writes to it afterwards.
    private func empty(now: Date) {
        let names = (try? Folder.names(folder)) ?? []
        for name in names {
            guard let moved = Self.time(of: name), moved < now.addingTimeInterval(Double(-Self.days * 86_400)) else { continue }
            do throws(StoreError) {
                try Folder.removeTree("\(folder)/\(name)")
                logger.notice("removed account's folder deleted for good", metadata: ["folder": "\(name)"])
            } catch {
                logger.error("trash cannot be emptied", metadata: ["folder": "\(name)", "error": "\(error)"])
            }
        }
    }

    /// Folders are named `<address>-<milliseconds since 1970>`.
    static func time(of name: String) -> Date? {
        name.lastIndex(of: "-").flatMap { Double(name[name.index(after: $0)...]) }.map { Date(timeIntervalSince1970: $0 / 1000) }
    }
}
