import Glibc
import Synchronization

/// Tells when names in some directories change, by inotify. Ends when released.
///
/// The call comes on a thread of its own and must return at once. Events are hints: several changes may give one call, and where
/// the system has no watches left there is none; who must know compares directory times as well.
package final class DirectoryWatch: Sendable {
    private let token: Int
    private let hub: InotifyHub

    /// Nil when the system has no inotify instance for us.
    package init?(_ onChange: @escaping @Sendable () -> Void) {
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
        var callbacks: [Int: @Sendable () -> Void] = [:]
        var tokens: [CInt: Set<Int>] = [:]
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

    func register(_ callback: @escaping @Sendable () -> Void) -> Int {
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
            for (watch, tokens) in state.tokens where tokens.contains(token) {
                state.tokens[watch]!.remove(token)
                if state.tokens[watch]!.isEmpty {
                    state.tokens[watch] = nil
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
            state.tokens[watch, default: []].insert(token)
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
            for callback in callbacks(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { callback() }
        }
    }

    private func callbacks(_ events: UnsafeRawBufferPointer) -> [@Sendable () -> Void] {
        var watches: Set<CInt> = []
        var isOverflow = false
        var offset = 0
        let header = MemoryLayout<inotify_event>.size
        while offset + header <= events.count {
            let event = events.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
            // Q_OVERFLOW: events were lost, anything may have changed.
            if event.wd < 0 { isOverflow = true } else { watches.insert(event.wd) }
            offset += header + Int(event.len)
        }
        return state.withLock { state in
            if isOverflow { return Array(state.callbacks.values) }
            let tokens = watches.reduce(into: Set<Int>()) { $0.formUnion(state.tokens[$1] ?? []) }
            return tokens.compactMap { state.callbacks[$0] }
        }
    }
}
