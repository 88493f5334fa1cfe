import Synchronization

/// Which backend works on which task, so that its result is asked for there. Bounded; a task that was forgotten, or
/// that another instance took, is looked for at every backend.
final class TaskRoutes: Sendable {
    static let createPath = "/v1/videos/generations"
    static let resultPath = "/v1/videos/result/"
    private static let most = 65_536
    private static let longestID = 128

    private struct State {
        var backends: [String: Int] = [:]
        var order: [String] = []
        var oldest = 0
    }

    private let state = Mutex(State())

    /// A backend has taken a task.
    func note(_ task: String, backend: Int) {
        guard task.utf8.count <= Self.longestID else { return }
        state.withLock { state in
            guard state.backends.updateValue(backend, forKey: task) == nil else { return }
            if state.order.count < Self.most {
                state.order.append(task)
            } else {
                state.backends[state.order[state.oldest]] = nil
                state.order[state.oldest] = task
                state.oldest = (state.oldest + 1) % Self.most
            }
        }
    }

    /// The backends to ask for a result, in order.
    func backends(for target: String, among count: Int) -> [Int] {
        let task = target.dropFirst(Self.resultPath.count).prefix { $0 != "?" }
        if let known = state.withLock({ $0.backends[String(task)] }) { return [known] }
        return Array(0..<count)
    }
}
