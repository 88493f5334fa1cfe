import EthereumCore
import Testing

@testable import OrakeyGateway

@Suite struct BlockMarksTests {
    private func mark(_ number: UInt64) -> BlockMark { BlockMark(number: number, hash: word(number + 1_000_000)) }

    @Test func theLatestAreAllKeptAndOfTheOlderEverFewer() {
        var marks = BlockMarks()
        for number in UInt64(0)...100_000 { marks.append(mark(number)) }
        let numbers = marks.all.map(\.number)
        #expect(numbers.suffix(BlockMarks.kept) == Array(100_001 - UInt64(BlockMarks.kept)...100_000)[...])
        #expect(numbers.first == 0)
        #expect(marks.all.count < 130)
        // Whatever the depth of a reorg, the rewind goes no more than about twice as deep.
        for (older, newer) in zip(numbers, numbers.dropFirst()) where newer < 100_000 - UInt64(BlockMarks.kept) {
            #expect(newer - older <= 100_000 - newer)
        }
        #expect(numbers == numbers.sorted())
    }

    @Test func aRewindForgetsWhatIsAbove() {
        var marks = BlockMarks((1...10).map(mark))
        marks.rewind(to: 4)
        #expect(marks.last == mark(4))
        marks.rewind(to: nil)
        #expect(marks.last == nil)
    }

    @Test func aHeadIsJudgedByWhatWasSeen() {
        var marks = BlockMarks()
        #expect(marks.judge(number: 5, hash: word(1), parentHash: word(2)) == .extends)
        marks.append(mark(10))
        let seen = mark(10)
        #expect(marks.judge(number: 10, hash: seen.hash, parentHash: word(1)) == .same)
        #expect(marks.judge(number: 11, hash: word(1), parentHash: seen.hash) == .extends)
        #expect(marks.judge(number: 11, hash: word(1), parentHash: word(2)) == .ahead(of: seen))
        #expect(marks.judge(number: 10, hash: word(1), parentHash: word(2)) == .ahead(of: seen))
        #expect(marks.judge(number: 12, hash: word(1), parentHash: word(2)) == .ahead(of: seen))
        #expect(marks.judge(number: 9, hash: word(1), parentHash: word(2)) == .behind(10))
    }
}

@Suite struct ScanWindowTests {
    @Test func itFindsAHandySize() {
        var window = ScanWindow()
        for _ in 0..<30 { window.answered(events: 0) }
        #expect(window.blocks == ScanWindow.widest)
        window.answered(events: ScanWindow.mostEvents + 1)
        #expect(window.blocks == ScanWindow.widest / 2)
        let before = window
        window.answered(events: ScanWindow.mostEvents / 2)
        #expect(window == before)
    }

    @Test func refusalsEndAtOneBlock() {
        var window = ScanWindow()
        var refusals = 0
        while window.refused() { refusals += 1 }
        #expect(window.blocks == 1)
        #expect(refusals == 6)
        window.answered(events: 100_000)
        #expect(window.blocks == 1)
    }
}

@Suite struct PollPaceTests {
    private let clock = MovedClock()

    private func pace(of seconds: UInt64, blocks: UInt64 = 6) -> PollPace {
        var pace = PollPace(interval: .seconds(2))
        for number in 0..<blocks {
            pace.saw(number: number, timestamp: 1000 + number * seconds, at: clock.now)
            if number + 1 < blocks { clock.advance(.seconds(Int64(seconds))) }
        }
        return pace
    }

    @Test func withoutARhythmItWaitsTheInterval() {
        #expect(PollPace(interval: .seconds(2)).pause(at: clock.now) == .seconds(2))
        #expect(pace(of: 1, blocks: 1).pause(at: clock.now) == .seconds(2))
    }

    @Test func itLooksWhenABlockIsDue() {
        let pace = pace(of: 1)
        #expect(pace.pause(at: clock.now) == .seconds(1))
        clock.advance(.milliseconds(600))
        #expect(pace.pause(at: clock.now) == .milliseconds(400))
        clock.advance(.milliseconds(600))
        // Late: soon again.
        #expect(pace.pause(at: clock.now) == .milliseconds(250))
        clock.advance(.seconds(2))
        // Very late: this chain has no rhythm just now.
        #expect(pace.pause(at: clock.now) == .seconds(2))
    }

    @Test func itNeverWaitsLongerThanTheInterval() {
        #expect(pace(of: 12).pause(at: clock.now) == .seconds(2))
    }

    @Test func failuresAreRepeatedSoonAndThenEverLater() {
        var pace = PollPace(interval: .seconds(2))
        var pauses: [Duration] = []
        for _ in 0..<8 {
            pace.failed()
            pauses.append(pace.pause(at: clock.now))
        }
        #expect(pauses.prefix(3) == [.milliseconds(250), .milliseconds(500), .seconds(1)])
        #expect(pauses.last == .seconds(8))
        pace.saw(number: 1, timestamp: 1, at: clock.now)
        #expect(pace.pause(at: clock.now) == .seconds(2))
    }
}

@Suite struct LagGaugeTests {
    @Test func theLagRunsFromTheStartOfTheLookBefore() {
        let gauge = LagGauge()
        func at(_ seconds: UInt64) -> MonotonicTime { MonotonicTime(nanoseconds: seconds * 1_000_000_000) }
        gauge.note(start: at(0), end: at(1))
        #expect(gauge.lags.last == nil)
        gauge.note(start: at(10), end: at(12))
        #expect(gauge.lags.last == .seconds(12))
        gauge.note(start: at(14), end: at(15))
        #expect(gauge.lags.last == .seconds(5))
        #expect(gauge.lags.longest == .seconds(12))
    }
}
