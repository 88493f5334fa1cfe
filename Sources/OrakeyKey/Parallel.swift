import Glibc

/// The same work on several threads at once, for a batch that has nothing to wait for. Threads of its own, so that the
/// cooperative pool keeps its threads for tasks.
enum Parallel {
    /// Processors of the machine that are on.
    static let coreCount = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

    /// Runs `body` on so many threads, the calling one among them, and returns when all are done. A thread that the
    /// system does not give is done without.
    static func run(workers: Int, _ body: @Sendable () -> Void) {
        withoutActuallyEscaping(body) { body in
            let work = Work(body)
            var threads: [pthread_t] = []
            for _ in 1..<max(workers, 1) {
                var thread = pthread_t()
                let context = unsafe Unmanaged.passRetained(work)
                let status = unsafe pthread_create(
                    &thread, nil,
                    { context in
                        unsafe Unmanaged<Work>.fromOpaque(context!).takeRetainedValue().body()
                        return nil
                    }, context.toOpaque())
                if status != 0 {
                    unsafe context.release()
                    break
                }
                threads.append(thread)
            }
            body()
            for thread in threads { pthread_join(thread, nil) }
        }
    }

    private final class Work: Sendable {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
