import OrakeyConfig
import OrakeyCore
import Testing

@Suite struct AutoLockTests {
    private let start = Timestamp(milliseconds: 1_700_000_000_000)
    /// Midnight of some day on the wall's clock.
    private let midnight: Int64 = 86_400 * 19_000

    private func after(_ seconds: Int64) -> Timestamp { start.adding(seconds: seconds) }

    @Test func withoutSettingsItStaysOpen() {
        var lock = AutoLock(LockSection(), unlockedAt: start, localSeconds: 0)
        #expect(lock.look(at: after(10_000_000), localSeconds: 10_000_000, wasUsed: false) == nil)
    }

    @Test func idleTimeCountsFromTheLastUse() {
        var lock = AutoLock(LockSection(afterIdle: .seconds(60)), unlockedAt: start, localSeconds: 0)
        #expect(lock.look(at: after(59), localSeconds: 59, wasUsed: false) == nil)
        #expect(lock.look(at: after(60), localSeconds: 60, wasUsed: true) == nil)
        #expect(lock.look(at: after(119), localSeconds: 119, wasUsed: false) == nil)
        #expect(lock.look(at: after(120), localSeconds: 120, wasUsed: false) == "unused for 60 s")
    }

    @Test func aClockThatGoesBackNeitherLocksNorStopsTheCount() {
        var lock = AutoLock(LockSection(afterIdle: .seconds(60)), unlockedAt: start, localSeconds: 0)
        #expect(lock.look(at: after(-5000), localSeconds: -5000, wasUsed: false) == nil)
        #expect(lock.look(at: after(-4941), localSeconds: -4941, wasUsed: false) == nil)
        #expect(lock.look(at: after(-4940), localSeconds: -4940, wasUsed: false) != nil)
    }

    @Test(arguments: ["00:00", "00:01", "12:30", "23:59"])
    func aTimeOfDayLocksOnceADay(text: String) throws {
        let time = try #require(TimeOfDay(text))
        let due = midnight + Int64(time.minutes) * 60
        var lock = AutoLock(LockSection(times: [time]), unlockedAt: start, localSeconds: due - 100)
        #expect(lock.look(at: start, localSeconds: due - 1, wasUsed: true) == nil)
        #expect(lock.look(at: start, localSeconds: due, wasUsed: true) == "it is \(text)", "use does not keep it open")
        #expect(lock.look(at: start, localSeconds: due + 1, wasUsed: true) == nil)
        #expect(lock.look(at: start, localSeconds: due + 86_399, wasUsed: true) == nil)
        #expect(lock.look(at: start, localSeconds: due + 86_400, wasUsed: true) != nil)
    }

    @Test func aTimeThatPassesInSleepOrIsSkippedBySummerTimeCounts() throws {
        let time = try #require(TimeOfDay("02:30"))
        var lock = AutoLock(LockSection(times: [time]), unlockedAt: start, localSeconds: midnight + 7199)
        #expect(lock.look(at: after(1), localSeconds: midnight + 3 * 3600, wasUsed: false) != nil)
        var slept = AutoLock(LockSection(times: [time]), unlockedAt: start, localSeconds: midnight)
        #expect(slept.look(at: after(1), localSeconds: midnight + 10 * 86_400, wasUsed: false) != nil)
    }

    @Test(arguments: ["", "1:00", "24:00", "12:60", "12", "12:00:00", "-1:00", "aa:bb", "١٢:00", "12:0"])
    func whatIsNoTimeOfDay(text: String) { #expect(TimeOfDay(text) == nil) }
}
