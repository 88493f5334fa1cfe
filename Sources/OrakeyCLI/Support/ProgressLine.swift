import Glibc
import OrakeyClient

/// A line on standard error that is written over while something is awaited. Only on a terminal; a pipe stays quiet.
struct ProgressLine: ~Copyable {
    private let isShown = isatty(STDERR_FILENO) == 1
    private let start = Clock.seconds
    private var isDrawn = false

    /// Seconds since the wait began.
    var elapsed: Int { Clock.seconds - start }

    mutating func show(_ text: String) {
        guard isShown else { return }
        isDrawn = true
        _ = Console.write(Array("\r\u{1B}[K\(text), \(elapsed) s".utf8), to: STDERR_FILENO)
    }

    deinit {
        if isDrawn { _ = Console.write(Array("\r\u{1B}[K".utf8), to: STDERR_FILENO) }
    }
}

enum Clock {
    /// Seconds of the monotonic clock.
    static var seconds: Int {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return now.tv_sec
    }

    /// Seconds since 1970.
    static var unix: UInt64 { UInt64(max(0, time(nil))) }
}
