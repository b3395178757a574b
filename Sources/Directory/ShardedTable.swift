/// A dictionary whose copies share what did not change: one write copies some 1/256 of it.
///
/// A snapshot of 100,000 accounts differs from the one before in one account; copying them all for that would cost
/// milliseconds and memory at every write.
struct ShardedTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var shards: [[Key: Value]]
    private(set) var count = 0

    private static var bits: Int { 8 }

    init() { shards = Array(repeating: [:], count: 1 << Self.bits) }

    subscript(key: Key) -> Value? {
        get { shards[Self.shard(of: key)][key] }
        set {
            let shard = Self.shard(of: key)
            count -= shards[shard].count
            shards[shard][key] = newValue
            count += shards[shard].count
        }
    }

    /// All values, in no order.
    var values: some Sequence<Value> { shards.lazy.flatMap(\.values) }

    // The highest bits: the dictionaries themselves go by the lowest.
    private static func shard(of key: Key) -> Int {
        Int(truncatingIfNeeded: UInt(bitPattern: key.hashValue) >> UInt(UInt.bitWidth - bits))
    }
}
