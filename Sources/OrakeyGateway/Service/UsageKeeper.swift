import Glibc
import Logging
import StrictJSON

/// Brings what was used into the database, now and then and at the end.
struct UsageKeeper: Sendable {
    private static let pause = Duration.seconds(10)

    let book: UsageBook
    let database: GatewayDatabase
    let clock: any GatewayClock
    let log: Logger

    /// Stores until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.pause)
            store()
        }
    }

    /// Stores what was counted. What can't be stored is counted again, for the next time.
    func store() {
        let counts = book.takeUnstored()
        do {
            try database.add(counts, day: Self.day(clock.unixSeconds))
        } catch {
            book.putBack(counts)
            log.error("the usage can't be stored", metadata: ["error": "\(error)"])
        }
    }

    /// A day's usage; today's where none is named.
    ///
    /// - Returns: nil where the text is no day.
    func usage(of day: String?) throws -> JSON? {
        store()
        let day = day ?? Self.day(clock.unixSeconds)
        guard day.utf8.count == 10, day.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2d }) else {
            return nil
        }
        return try database.usage(day: day)
    }

    /// UTC.
    static func day(_ unixSeconds: UInt64) -> String {
        var time = time_t(unixSeconds)
        var parts = unsafe tm()
        unsafe gmtime_r(&time, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return unsafe "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
    }
}
