import Synchronization

/// What somebody has done so far, to be waited for.
final class Counter: Sendable {
    private let state = Mutex((count: 0, isOver: false, waiting: [CheckedContinuation<Void, Never>]()))

    var value: Int { state.withLock { $0.count } }
    var isOver: Bool { state.withLock { $0.isOver } }

    func add(_ count: Int) { state.withLock { $0.count += count } }

    func end() {
        let waiting = state.withLock { state in
            defer { (state.isOver, state.waiting) = (true, []) }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func ended() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if !state.isOver { state.waiting.append(continuation) }
                return state.isOver
            }
            if isOver { continuation.resume() }
        }
    }
}
