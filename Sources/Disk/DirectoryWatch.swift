import Glibc
import Synchronization

/// Tells when names in some directories change, by inotify. Ends when released.
///
/// The call comes on a thread of its own and must return at once. Events are hints: several changes may give one call, and where
/// the system has no watches left there is none; who must know compares directory times as well.
package final class DirectoryWatch: Sendable {
    /// A name that came to or left a directory.
    package struct Event: Sendable, Hashable {
        /// As given to `add`.
        package let directory: String
        package let name: String
        package let isGone: Bool
    }

    private let token: Int
    private let hub: InotifyHub

    /// Nil when the system has no inotify instance for us.
    ///
    /// - Parameter onChange: gets the events, none when some were lost and anything may have changed.
    package init?(_ onChange: @escaping @Sendable ([Event]) -> Void) {
        guard let hub = InotifyHub.shared else { return nil }
        self.hub = hub
        token = hub.register(onChange)
    }

    deinit { hub.unregister(token) }

    /// Watches the directory too; false when it cannot be watched. Doing so twice changes nothing.
    @discardableResult
    package func add(_ path: String) -> Bool { hub.watch(path, for: token) }
}

/// The process's one inotify descriptor and the thread that reads it.
private final class InotifyHub: Sendable {
    static let shared = InotifyHub()

    private struct State {
        var nextToken = 0
        var callbacks: [Int: @Sendable ([DirectoryWatch.Event]) -> Void] = [:]
        /// For each watched directory, who watches it and under which path.
        var watchers: [CInt: [Int: String]] = [:]
    }

    private let descriptor: CInt
    private let state = Mutex(State())

    private init?() {
        descriptor = inotify_init1(CInt(IN_CLOEXEC))
        guard descriptor >= 0 else { return nil }
        var thread = pthread_t()
        let box = Unmanaged.passRetained(self)
        let failure = pthread_create(&thread, nil, { pointer in
            Unmanaged<InotifyHub>.fromOpaque(pointer!).takeUnretainedValue().run()
            return nil
        }, box.toOpaque())
        guard failure == 0 else { return nil }
        pthread_detach(thread)
    }

    func register(_ callback: @escaping @Sendable ([DirectoryWatch.Event]) -> Void) -> Int {
        state.withLock { state in
            state.nextToken += 1
            state.callbacks[state.nextToken] = callback
            return state.nextToken
        }
    }

    func unregister(_ token: Int) {
        let unused = state.withLock { state -> [CInt] in
            state.callbacks[token] = nil
            var unused: [CInt] = []
            for (watch, watchers) in state.watchers where watchers[token] != nil {
                state.watchers[watch]![token] = nil
                if state.watchers[watch]!.isEmpty {
                    state.watchers[watch] = nil
                    unused.append(watch)
                }
            }
            return unused
        }
        for watch in unused { inotify_rm_watch(descriptor, watch) }
    }

    func watch(_ path: String, for token: Int) -> Bool {
        let mask = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE | IN_ONLYDIR
        return state.withLock { state in
            let watch = inotify_add_watch(descriptor, path, UInt32(mask))
            guard watch >= 0 else { return false }
            state.watchers[watch, default: [:]][token] = path
            return true
        }
    }

    private func run() {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 8)
        defer { buffer.deallocate() }
        while true {
            let count = read(descriptor, buffer.baseAddress!, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            for call in calls(for: UnsafeRawBufferPointer(rebasing: buffer[..<count])) { call() }
        }
    }

    private typealias Call = @Sendable () -> Void

    private struct Change: Sendable {
        let watch: CInt
        let name: String
        let isGone: Bool
    }

    private func calls(for bytes: UnsafeRawBufferPointer) -> [Call] {
        let changes = InotifyHub.changes(in: bytes)
        return state.withLock { state -> [Call] in
            // Q_OVERFLOW: events were lost, anything may have changed.
            guard let changes else { return state.callbacks.values.map { callback -> Call in { callback([]) } } }
            var events: [Int: [DirectoryWatch.Event]] = [:]
            for change in changes {
                for (token, path) in state.watchers[change.watch] ?? [:] {
                    events[token, default: []].append(.init(directory: path, name: change.name, isGone: change.isGone))
                }
            }
            var calls: [Call] = []
            for (token, some) in events {
                if let callback = state.callbacks[token] { calls.append({ callback(some) }) }
            }
            return calls
        }
    }

    /// The events in what was read; nil when some were lost.
    private static func changes(in bytes: UnsafeRawBufferPointer) -> [Change]? {
        var changes: [Change] = []
        var offset = 0
        let header = MemoryLayout<inotify_event>.size
        while offset + header <= bytes.count {
            let event = bytes.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
            if event.wd < 0 { return nil }
            let end = min(bytes.count, offset + header + Int(event.len))
            let name = String(decoding: bytes[(offset + header)..<end].prefix { $0 != 0 }, as: UTF8.self)
            let isGone = event.mask & UInt32(IN_DELETE | IN_MOVED_FROM) != 0
            changes.append(Change(watch: event.wd, name: name, isGone: isGone))
            offset = end
        }
        return changes
    }
}
