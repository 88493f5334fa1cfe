import Glibc

/// `Retry-After` (RFC 9110 §10.2.3): seconds, or a date, which counts from the answer's own `Date` so that no clock
/// has to be right. Without a `Date` the machine's clock has to do.
package enum RetryAfter {
    /// Longer waits are cut to this, so that no clock and no server makes anybody wait for ever.
    package static let longest = Duration.seconds(3600)

    /// - Parameters:
    ///   - value: The field's value.
    ///   - date: That of the answer's `Date`.
    ///   - clock: Seconds since 1970, asked only where the answer does not say what time it is.
    package static func parse(
        _ value: String, date: String?, clock: () -> Int = { time(nil) }
    ) -> Duration? {
        let text = value.trimmingPrefix { $0 == " " }
        if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            return min(longest, .seconds(Int(text.prefix(9)) ?? 0))
        }
        guard let until = seconds(httpDate: String(text)) else { return nil }
        let now = date.flatMap { seconds(httpDate: $0) } ?? clock()
        return min(longest, .seconds(max(0, until - now)))
    }

    /// Seconds since 1970 of a date in one of the three forms of RFC 9110 §5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`, and
    /// the obsolete `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`.
    package static func seconds(httpDate: String) -> Int? {
        let parts = httpDate.split { $0 == " " || $0 == "-" }
        let isAsctime = parts.count == 5
        guard isAsctime || parts.count == 6 && parts[5] == "GMT",
            let day = Int(parts[isAsctime ? 2 : 1]), var year = Int(parts[isAsctime ? 4 : 3]),
            let month = months.firstIndex(of: String(parts[isAsctime ? 1 : 2]))
        else { return nil }
        if !isAsctime, parts[3].utf8.count == 2 { year += year < 70 ? 2000 : 1900 }
        guard (1...31).contains(day), (1970...9999).contains(year) else { return nil }
        let clock = parts[isAsctime ? 3 : 4].split(separator: ":").compactMap { Int($0) }
        guard clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]), (0...60).contains(clock[2])
        else {
            return nil
        }
        // Days before a date in the proleptic Gregorian calendar, with years that begin in March.
        let shifted = month < 2 ? year - 1 : year
        let march = (month + 10) % 12
        let days = 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + (153 * march + 2) / 5 + day - 1
        return (days - 719_468) * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2]
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
