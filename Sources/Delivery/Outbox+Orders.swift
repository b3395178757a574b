package import Disk
internal import Logging

// What submitters and admins ask of entries that are in the queue.
extension Outbox {
    package func cancel(_ id: QueueID) -> CancelOutcome {
        guard let entry = entries[id] else {
            guard let finished = files.finishedEntry(id) else { return .unknown }
            return finished.status(isRunning: false).undo == .canceled ? .canceled : .tooLate
        }
        guard entry.isUntouched, running[id] == nil else { return .tooLate }
        return end(entry) ? .canceled : .tooLate
    }

    /// Tries an entry again now.
    package func retry(_ id: QueueID) throws(StoreError) {
        guard var entry = entries[id] else { throw .notFound }
        entry.isHeld = false
        for index in entry.recipients.indices where !entry.recipients[index].state.isFinal {
            entry.recipients[index].nextAttempt = configuration.now()
        }
        urgent.insert(id)
        try keep(entry)
        waker.yield()
    }

    /// Stops an entry until `retry`.
    package func hold(_ id: QueueID) throws(StoreError) {
        guard var entry = entries[id] else { throw .notFound }
        entry.isHeld = true
        try keep(entry)
    }

    /// Ends an entry without a word to its sender. What is just going out still goes.
    package func drop(_ id: QueueID) throws(StoreError) {
        guard let entry = entries[id] else { throw .notFound }
        guard end(entry) else { throw .unavailable(reason: "outbox") }
    }

    private func end(_ entry: OutboxEntry) -> Bool {
        var entry = entry
        for index in entry.recipients.indices where entry.recipients[index].state == .pending {
            entry.recipients[index].state = .canceled
        }
        do { try keep(entry) } catch {
            logger.error("outbox cannot write", metadata: ["queue.id": "\(entry.id)", "error": "\(error)"])
            return false
        }
        logger.notice("message dropped", metadata: ["queue.id": "\(entry.id)", "from": "\(entry.sender)"])
        publish(entry)
        return true
    }

    /// Does what other processes asked for by files: `mailportal queue`, `mailportal deliver`.
    func obeyRequests() {
        do {
            for entry in try files.adoptIncoming() {
                entries[entry.id] = entry
                schedule(entry)
            }
            // What ends in `.new` is just being written.
            for name in try Folder.names(files.requests) where !name.hasSuffix(".new") {
                try? DiskFile.remove("\(files.requests)/\(name)")
                guard let dot = name.lastIndex(of: "."), let id = QueueID(rawValue: String(name[..<dot])) else { continue }
                try? obey(String(name[name.index(after: dot)...]), id)
            }
        } catch {
            logger.error("outbox cannot be read", metadata: ["error": "\(error)"])
        }
    }

    private func obey(_ verb: String, _ id: QueueID) throws(StoreError) {
        switch QueueRequest(rawValue: verb) {
        case .retry: try retry(id)
        case .hold: try hold(id)
        case .drop: try drop(id)
        case nil: break
        }
    }

    /// Forgets what nobody asks for any more.
    func tidy() { try? files.forgetFinished(now: configuration.now()) }
}
