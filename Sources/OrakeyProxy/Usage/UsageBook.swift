import Dispatch
import Synchronization

/// Usage since the start of the service. Bounded: of each consumer only so many rows are kept, and so many exchanges
/// altogether.
public final class UsageBook: Sendable {
    /// Rows of one consumer: models times keys. The one that was not used for longest makes room.
    static let rowsPerConsumer = 256
    /// Exchanges that are remembered.
    static let exchangesKept = 1000
    /// Exchanges that may wait to be read, and the bytes of their bodies.
    static let mostUnread = 16
    static let mostUnreadBytes = 64 * 1024
    /// How long one may wait.
    static let longestUnread = Duration.seconds(1)

    fileprivate struct Entry {
        var row = UsageRow()
        var lastUse: UInt64 = 0
    }

    private struct State {
        var entries: [String: [UsageKey: Entry]] = [:]
        var exchanges: [ExchangeRecord] = []
        /// Where the next exchange goes, once there are enough.
        var next = 0
        var uses: UInt64 = 0
        var unread: [EndedExchange] = []
        var unreadBytes = 0
    }

    private let state = Mutex(State())
    /// Held while exchanges are read, so that whoever asks gets to know them as well.
    private let reading = Mutex(())

    /// Told of the first that waits.
    private let arrivals: AsyncStream<Void>
    private let arrival: AsyncStream<Void>.Continuation

    public init() {
        (arrivals, arrival) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    // MARK: Reading

    /// Adds an exchange, to be read with others: one after the other they take a fraction of the time, and none of it is
    /// the next request's. A body that takes milliseconds to read keeps no connection waiting.
    func add(_ exchange: EndedExchange) {
        let (count, before, bytes) = state.withLock { state in
            let before = state.unreadBytes
            state.unread.append(exchange)
            state.unreadBytes += exchange.meter.keptBytes
            return (state.unread.count, before, state.unreadBytes)
        }
        if count == 1 { arrival.yield() }
        if bytes < Self.mostUnreadBytes {
            if count >= Self.mostUnread { reading.withLockIfAvailable { _ in readAll() } }
        } else if before < Self.mostUnreadBytes {
            // The first that is too much for here has all of it read.
            Task(executorPreference: globalConcurrentExecutor) { [self] in catchUp() }
        }
    }

    /// How many wait.
    var unread: Int { state.withLock { $0.unread.count } }

    /// Reads what waits.
    func catchUp() { reading.withLock { _ in readAll() } }

    /// Until cancelled, lets nothing wait for long: bodies are not kept beyond their use. Sleeps while there is nothing.
    public func keepUp() async {
        for await _ in arrivals {
            try? await Task.sleep(for: Self.longestUnread)
            catchUp()
        }
    }

    private func readAll() {
        let unread = state.withLock { state in
            defer { (state.unread, state.unreadBytes) = ([], 0) }
            return state.unread
        }
        for exchange in unread { add(exchange.record) }
    }

    /// Adds one exchange that was read.
    func add(_ record: ExchangeRecord) {
        state.withLock { state in
            state.uses += 1
            Self.add(record, to: &state.entries[record.key.consumer, default: [:]], use: state.uses)
            if state.exchanges.count < Self.exchangesKept {
                state.exchanges.append(record)
            } else {
                state.exchanges[state.next] = record
                state.next = (state.next + 1) % Self.exchangesKept
            }
        }
    }

    private static func add(_ record: ExchangeRecord, to rows: inout [UsageKey: Entry], use: UInt64) {
        if rows[record.key] == nil, rows.count >= rowsPerConsumer,
            let oldest = rows.min(by: { $0.value.lastUse < $1.value.lastUse })?.key
        {
            rows[oldest] = nil
        }
        rows[record.key, default: Entry()].add(record, use: use)
    }

    // MARK: Asking

    /// All rows, in the order of their keys.
    public var rows: [(key: UsageKey, row: UsageRow)] {
        catchUp()
        return state.withLock { state in state.entries.values.flatMap { $0.map { ($0.key, $0.value.row) } } }
            .sorted {
                ($0.0.consumer, $0.0.network, $0.0.model, $0.0.fingerprint)
                    < ($1.0.consumer, $1.0.network, $1.0.model, $1.0.fingerprint)
            }
    }

    /// The exchanges that are remembered, newest first.
    public func exchanges(_ most: Int) -> [ExchangeRecord] {
        catchUp()
        return state.withLock { state in
            Array((state.exchanges[state.next...] + state.exchanges[..<state.next]).reversed().prefix(most))
        }
    }
}

/// An exchange that is over, and whose bodies are still to be read.
struct EndedExchange: Sendable {
    let meter: ExchangeMeter
    let status: Int
    /// The scheme of the answer's hashes, as the answer names it.
    let scheme: String?
    let end = DispatchTime.now()

    var record: ExchangeRecord { meter.record(status: status, scheme: scheme, end: end) }
}

extension UsageBook.Entry {
    fileprivate mutating func add(_ record: ExchangeRecord, use: UInt64) {
        lastUse = use
        row.requests += 1
        row.statuses[record.status, default: 0] += 1
        row.promptTokens &+= record.promptTokens
        row.completionTokens &+= record.completionTokens
        row.bytesUp += record.bytesUp
        row.bytesDown += record.bytesDown
        row.milliseconds += record.milliseconds
        row.firstByteMilliseconds += record.firstByteMilliseconds
    }
}
