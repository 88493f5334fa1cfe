import Synchronization

/// Usage since the start of the service. Bounded: of each consumer only so many rows are kept, and so many exchanges
/// altogether.
public final class UsageBook: Sendable {
    /// Rows of one consumer: models times keys. The one that was not used for longest makes room.
    static let rowsPerConsumer = 256
    /// Exchanges that are remembered.
    static let exchangesKept = 1000

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
    }

    private let state = Mutex(State())

    public init() {}

    /// Adds one exchange.
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

    /// All rows, in the order of their keys.
    public var rows: [(key: UsageKey, row: UsageRow)] {
        state.withLock { state in state.entries.values.flatMap { $0.map { ($0.key, $0.value.row) } } }
            .sorted {
                ($0.0.consumer, $0.0.network, $0.0.model, $0.0.fingerprint)
                    < ($1.0.consumer, $1.0.network, $1.0.model, $1.0.fingerprint)
            }
    }

    /// The exchanges that are remembered, newest first.
    public func exchanges(_ most: Int) -> [ExchangeRecord] {
        state.withLock { state in
            Array((state.exchanges[state.next...] + state.exchanges[..<state.next]).reversed().prefix(most))
        }
    }
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
