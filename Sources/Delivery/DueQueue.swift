/// Entries by the time they are due: a binary heap. An id may stand in it more than once; the reader looks again when it comes up.
struct DueQueue: Sendable {
    private var heap: [(time: Int64, id: QueueID)] = []

    /// When the first is due; nil when empty.
    var next: Int64? { heap.first?.time }

    /// Does nothing for nil: an entry that waits for nothing.
    mutating func add(_ id: QueueID, at time: Int64?) {
        guard let time else { return }
        heap.append((time, id))
        var child = heap.count - 1
        while child > 0, heap[child].time < heap[(child - 1) / 2].time {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes the first that is due at `now`.
    mutating func pop(upTo now: Int64) -> QueueID? {
        guard let first = heap.first, first.time <= now else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var smallest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].time < heap[smallest].time {
                smallest = child
            }
            guard smallest != parent else { break }
            heap.swapAt(parent, smallest)
            parent = smallest
        }
        return first.id
    }
}
