internal import CCurl
internal import CLinuxShims
internal import Glibc
internal import Synchronization

/// A thread that drives every transfer of one client through libcurl's multi interface.
///
/// Other threads only leave commands and ring the bell. libcurl's calls stay off the threads that Swift's tasks run on.
final class CurlLoop: Sendable {
    enum Command: Sendable {
        case start(Transfer)
        case cancel(Transfer)
        case resume(Transfer)
        case resumeUpload(Transfer)
    }

    @safe private struct Shared: ~Copyable {
        /// Nil once the thread has ended.
        var multi: UnsafeMutableRawPointer?
        var commands: [Command] = []
        var isStopping = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let shared: Mutex<Shared>
    /// Here, so that it outlives the connections.
    private let kept = KeptConnections()

    init(options: HTTPClientOptions) throws(HTTPError) {
        guard Self.globalState == CURLE_OK, let multi = unsafe curl_multi_init() else {
            throw HTTPError(.other(2), "libcurl cannot be initialised")
        }
        _ = unsafe orakey_curl_multi_set_long(multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX)
        _ = unsafe orakey_curl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, options.maxConnectionsPerHost)
        _ = unsafe orakey_curl_multi_set_long(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, options.maxConnections)
        _ = unsafe orakey_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, options.maxIdleConnections)
        shared = unsafe Mutex(Shared(multi: multi))
        try startThread()
    }

    /// Once a process, before any other call; a `static let` runs exactly once.
    private static let globalState: CURLcode = orakey_curl_global_init()

    /// False once the loop is stopping: the command was not taken.
    @discardableResult
    func post(_ command: Command) -> Bool {
        shared.withLock { shared in
            guard !shared.isStopping, let multi = unsafe shared.multi else { return false }
            shared.commands.append(command)
            _ = unsafe curl_multi_wakeup(multi)
            return true
        }
    }

    /// Ends every transfer with ``HTTPError/Code/shutDown``.
    func stop() {
        shared.withLock { shared in
            shared.isStopping = true
            if let multi = unsafe shared.multi { _ = unsafe curl_multi_wakeup(multi) }
        }
    }

    /// Returns once the thread has let go of everything.
    func stopped() async {
        await withCheckedContinuation { continuation in
            let isOver = shared.withLock { shared in
                guard unsafe shared.multi != nil else { return true }
                shared.waiters.append(continuation)
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    // MARK: The thread

    private func startThread() throws(HTTPError) {
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        defer { unsafe pthread_attr_destroy(&attributes) }
        unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        unsafe pthread_attr_setstacksize(&attributes, 512 * 1024)
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(self).toOpaque()
        let code = unsafe pthread_create(
            &thread, &attributes,
            { context in
                guard let context = unsafe context else { return nil }
                let loop = unsafe Unmanaged<CurlLoop>.fromOpaque(context).takeRetainedValue()
                loop.run()
                return nil
            }, context)
        guard code == 0 else {
            unsafe Unmanaged<CurlLoop>.fromOpaque(context).release()
            throw HTTPError(.other(2), "no thread for libcurl (errno \(code))")
        }
    }

    private func run() {
        // Signals are the main thread's; with CURLOPT_NOSIGNAL set, a write to a closed TLS connection may raise
        // SIGPIPE here.
        var all = sigset_t()
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_BLOCK, &all, nil)
        _ = unsafe orakey_set_thread_name("curl")
        guard let multi = unsafe shared.withLock({ unsafe $0.multi }) else { return }
        var worker = unsafe CurlWorker(multi: multi, kept: kept)
        while true {
            let (commands, isStopping) = shared.withLock { shared in
                let commands = shared.commands
                shared.commands.removeAll(keepingCapacity: true)
                return (commands, shared.isStopping)
            }
            for command in commands { worker.apply(command) }
            if isStopping { break }
            let timeout = worker.advance()
            _ = unsafe curl_multi_poll(multi, nil, 0, timeout, nil)
        }
        worker.endAll()
        let waiters = shared.withLock { shared in
            // Under the lock: nobody may ring the bell of a handle that is gone.
            unsafe curl_multi_cleanup(multi)
            unsafe shared.multi = nil
            defer { shared.waiters = [] }
            return shared.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
