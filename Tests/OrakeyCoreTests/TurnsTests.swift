import Testing

@testable import OrakeyCore

/// Bodies that wait in their middle don't overlap.
@Suite struct TurnsTests {
    private struct Broken: Error {}

    private actor Count {
        private(set) var (inside, most, ended) = (0, 0, 0)

        func enter() {
            inside += 1
            most = max(most, inside)
        }

        func leave() {
            inside -= 1
            ended += 1
        }
    }

    @Test func oneAfterTheOther() async {
        let turns = Turns()
        let count = Count()
        await withTaskGroup(of: Void.self) { tasks in
            for number in 0..<200 {
                tasks.addTask {
                    try? await turns.take {
                        await count.enter()
                        for _ in 0..<3 { await Task.yield() }
                        await count.leave()
                        if number % 7 == 0 { throw Broken() }
                    }
                }
            }
        }
        #expect(await (count.inside, count.most, count.ended) == (0, 1, 200))
    }
}
