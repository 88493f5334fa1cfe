import Glibc

/// Two ways of doing the same work. They take short turns, and the median of the turns' ratios counts, so that a machine
/// busy with other things spoils single turns and not the result.
struct Comparison {
    let name: String
    let budget: Double
    /// Turns of each side, at least five.
    var turns = 61
    /// Repetitions in a turn; as many as fill some milliseconds when nil.
    var repetitions: Int?
    let swift: (Int) -> UInt64
    let peer: (Int) -> UInt64

    private static let microsecondsPerTurn = 8_000.0

    /// Prints the medians and the ratio; returns whether the budget is kept.
    func run() -> Bool {
        let count = repetitions ?? calibrated()
        var swiftTimes: [Double] = []
        var peerTimes: [Double] = []
        for _ in 0..<turns {
            swiftTimes.append(time(swift, count))
            peerTimes.append(time(peer, count))
        }
        let ratio = median(zip(swiftTimes, peerTimes).map { $0 / $1 })
        return report(name, median(swiftTimes), median(peerTimes), ratio, "at most \(budget)x", isKept: ratio <= budget)
    }

    /// Median processor time of the Swift side alone.
    func swiftMicroseconds() -> Double {
        let count = calibrated()
        return median((0..<9).map { _ in time(swift, count) })
    }

    private func calibrated() -> Int {
        var count = 1
        while time(peer, count) * Double(count) < Self.microsecondsPerTurn { count *= 2 }
        _ = swift(count)
        return count
    }

    /// Processor time of one repetition in microseconds.
    private func time(_ work: (Int) -> UInt64, _ count: Int) -> Double {
        let start = microseconds(CLOCK_PROCESS_CPUTIME_ID)
        let sink = work(count)
        let elapsed = microseconds(CLOCK_PROCESS_CPUTIME_ID) - start
        if sink == .max { print() }
        return elapsed / Double(count)
    }
}

func microseconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
}

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

/// One row of the table.
func report(_ name: String, _ swift: Double, _ peer: Double, _ ratio: Double, _ budget: String, isKept: Bool) -> Bool {
    func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
    func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
    print(
        pad(name, 42), pad("\(rounded(swift)) us", 16), pad("\(rounded(peer)) us", 16), pad("\(rounded(ratio))x", 8),
        budget, isKept ? "" : "EXCEEDED")
    return isKept
}
