import Synchronization

/// What a handler has done so far, to be waited for.
final class Counter: Sendable {
    private let state = Mutex((count: 0, isOver: false))

    var value: Int { state.withLock { $0.count } }
    var isOver: Bool { state.withLock { $0.isOver } }

    func add(_ count: Int) { state.withLock { $0.count += count } }
    func end() { state.withLock { $0.isOver = true } }

    func ended() async { while !isOver { try? await Task.sleep(for: .milliseconds(5)) } }

    /// Returns once nothing was added for a while.
    func standsStill() async {
        var last = -1
        while value != last {
            last = value
            try? await Task.sleep(for: .milliseconds(300))
        }
    }
}
