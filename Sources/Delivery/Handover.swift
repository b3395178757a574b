internal import Synchronization

/// Where deliveries that keep a connection open wait for another message to the same destination.
///
/// A seat is taken before the result of the last attempt is written, so that what becomes due by it already finds the seat.
final class Handover: Sendable {
    /// Seconds, by ticks, that a connection is kept for more.
    static let patience = 3

    final class Seat: Sendable {
        fileprivate enum State {
            case empty
            case waiting(CheckedContinuation<DeliveryAttempt?, Never>)
            case given(DeliveryAttempt)
            case closed
        }

        fileprivate let state = Mutex(State.empty)
        fileprivate let ticks = Atomic<Int>(0)

        /// The next attempt; nil when none came in time.
        func next() async -> DeliveryAttempt? {
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let (isOver, attempt) = state.withLock { state -> (Bool, DeliveryAttempt?) in
                        switch state {
                        case .empty, .waiting:
                            state = .waiting(continuation)
                            return (false, nil)
                        case .given(let attempt):
                            state = .closed
                            return (true, attempt)
                        case .closed: return (true, nil)
                        }
                    }
                    if isOver { continuation.resume(returning: attempt) }
                }
            } onCancel: {
                close()
            }
        }

        fileprivate func give(_ attempt: DeliveryAttempt) -> Bool {
            let (isTaken, waiting) = state.withLock { state -> (Bool, CheckedContinuation<DeliveryAttempt?, Never>?) in
                switch state {
                case .empty:
                    state = .given(attempt)
                    return (true, nil)
                case .waiting(let continuation):
                    state = .closed
                    return (true, continuation)
                case .given, .closed: return (false, nil)
                }
            }
            waiting?.resume(returning: attempt)
            return isTaken
        }

        /// What was given stays given.
        fileprivate func close() {
            let waiting = state.withLock { state -> CheckedContinuation<DeliveryAttempt?, Never>? in
                switch state {
                case .empty:
                    state = .closed
                    return nil
                case .waiting(let continuation):
                    state = .closed
                    return continuation
                case .given, .closed: return nil
                }
            }
            waiting?.resume(returning: nil)
        }
    }

    private struct Seats {
        var byDestination: [Destination: [Seat]] = [:]
        var isClosed = false
    }

    private let seats = Mutex(Seats())

    /// A seat for one more attempt; leave it when done.
    func take(_ destination: Destination) -> Seat {
        let seat = Seat()
        let isClosed = seats.withLock { seats in
            if !seats.isClosed { seats.byDestination[destination, default: []].append(seat) }
            return seats.isClosed
        }
        if isClosed { seat.close() }
        return seat
    }

    func leave(_ seat: Seat, _ destination: Destination) {
        seats.withLock { seats in
            seats.byDestination[destination]?.removeAll { $0 === seat }
            if seats.byDestination[destination]?.isEmpty ?? false { seats.byDestination[destination] = nil }
        }
    }

    /// Hands the attempt to who waits with a connection. False when nobody does.
    func give(_ attempt: DeliveryAttempt) -> Bool {
        for seat in seats.withLock({ $0.byDestination[attempt.destination] ?? [] }) where seat.give(attempt) { return true }
        return false
    }

    /// A second has passed.
    func tick() {
        let all = seats.withLock { $0.byDestination.values.flatMap(\.self) }
        for seat in all where seat.ticks.wrappingAdd(1, ordering: .relaxed).newValue > Self.patience { seat.close() }
    }

    /// Nobody is to wait any more.
    func close() {
        let all = seats.withLock { seats in
            seats.isClosed = true
            return seats.byDestination.values.flatMap(\.self)
        }
        for seat in all { seat.close() }
    }
}
