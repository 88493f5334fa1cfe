import Glibc

/// Two ways of doing the same work. They take short turns, and the median of the turns' ratios counts, so that a machine
/// busy with other things spoils single turns and not the result.
struct Comparison {
    private static let turns = 61
    private static let microsecondsPerTurn = 8_000.0

    let name: String
    let budget: Double
    let swift: (Int) -> UInt64
    let peer: (Int) -> UInt64

    /// Prints the medians and the ratio; returns whether the budget is kept.
    func run() -> Bool {
        let count = calibrated()
        var swiftTimes: [Double] = []
        var peerTimes: [Double] = []
        for _ in 0..<Self.turns {
            swiftTimes.append(time(swift, count))
            peerTimes.append(time(peer, count))
        }
        let ratio = median(zip(swiftTimes, peerTimes).map { $0 / $1 })
        let isKept = ratio <= budget
        print(
            pad(name, 34), pad("\(rounded(median(swiftTimes))) us", 12), pad("\(rounded(median(peerTimes))) us", 12),
            pad("\(rounded(ratio))x", 8), "budget \(budget)x", isKept ? "" : "EXCEEDED")
        return isKept
    }

    private func calibrated() -> Int {
        var count = 10
        while time(peer, count) * Double(count) < Self.microsecondsPerTurn { count *= 2 }
        _ = swift(count)
        return count
    }

    /// Processor time of one repetition in microseconds.
    private func time(_ work: (Int) -> UInt64, _ count: Int) -> Double {
        let start = processorTime()
        let sink = work(count)
        let elapsed = processorTime() - start
        if sink == .max { print() }
        return elapsed / Double(count)
    }

    private func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
    }

    private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }

    private func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
