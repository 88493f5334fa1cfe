import Testing

@testable import OrakeyServer

@Suite struct StopSignalTests {
    @Test func everyWaiterIsTold() async {
        let signal = StopSignal()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<10 { group.addTask { await signal.wait() } }
            signal.raise()
            await group.waitForAll()
        }
    }

    @Test func whoComesLateDoesNotWait() async {
        let signal = StopSignal()
        signal.raise()
        signal.raise()
        await signal.wait()
    }

    @Test func aCancelledTaskDoesNotWait() async {
        let signal = StopSignal()
        let task = Task { await signal.wait() }
        task.cancel()
        await task.value
    }
}
