import EthereumWallet
import Glibc
import OrakeyClient
import Synchronization
import UnixHTTP

/// What `orakey exec` does when the key changes while the command runs.
enum RotationResponse: Equatable {
    /// The command goes on with the key that it has.
    case ignore
    /// The command is ended with SIGTERM, and started again with the new key.
    case restart
    /// The command gets a signal, and asks for the new key itself.
    case signal(Int32)

    init?(argument: String) {
        let signals: [String: Int32] = [
            "HUP": SIGHUP, "INT": SIGINT, "QUIT": SIGQUIT, "TERM": SIGTERM, "USR1": SIGUSR1, "USR2": SIGUSR2,
            "WINCH": SIGWINCH, "CONT": SIGCONT,
        ]
        switch argument {
        case "ignore": self = .ignore
        case "restart": self = .restart
        default:
            let name = argument.hasPrefix("SIG") ? String(argument.dropFirst(3)) : argument
            guard let number = signals[name] else { return nil }
            self = .signal(number)
        }
    }
}

/// Runs a command as a child, passes signals on to it, and acts when the key changes. Owns the child: no pid files.
struct ExecSupervisor {
    /// How long a command may take to end before it is killed for a restart.
    private static let patience = 10
    /// Sent by the watching thread to wake this one; far from the signals that people send.
    private static let wakeUp = SIGURG
    private static let passedOn = [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT]

    let response: RotationResponse
    let fetch: () throws(ClientError) -> SecretBytes
    /// Starts the command with this key; a negative errno when that fails.
    let start: (SecretBytes, sigset_t) -> Int32
    let watch: KeyWatch

    private enum Next { case signal(siginfo_t), timeout }

    /// Runs until the command ends by itself.
    ///
    /// - Returns: the command's wait status, or a negative errno where it could not be started.
    func run(_ first: SecretBytes) -> Int32 {
        var waited = sigset_t()
        var usual = sigset_t()
        sigemptyset(&waited)
        for number in Self.passedOn + [SIGCHLD, Self.wakeUp] { sigaddset(&waited, number) }
        pthread_sigmask(SIG_BLOCK, &waited, &usual)
        var key = first
        var child = start(key, usual)
        guard child > 0 else { return child }
        watch.begin(waking: pthread_self(), with: Self.wakeUp)
        var killAt: Int?
        while true {
            let timeout = killAt.map { max(0, $0 - Clock.seconds) }
            switch next(&waited, timeout) {
            case .timeout:
                kill(child, SIGKILL)
                killAt = nil
            case .signal(let info) where info.si_signo == SIGCHLD:
                var status: Int32 = 0
                guard waitpid(child, &status, WNOHANG) == child else { continue }
                guard let new = watch.takeRestart() else { return status }
                // It may have changed once more while the command took its time to end.
                key = changed(from: new) ?? new
                killAt = nil
                child = start(key, usual)
                guard child > 0 else { return child }
            case .signal(let info) where info.si_signo == Self.wakeUp:
                guard killAt == nil, let new = changed(from: key) else { continue }
                guard response == .restart else {
                    key = new
                    if case .signal(let number) = response { kill(child, number) }
                    continue
                }
                watch.requestRestart(new)
                kill(child, SIGTERM)
                killAt = Clock.seconds + Self.patience
            case .signal(let info):
                // What the terminal sends reaches the command without help; what another process sends does not, nor does
                // a hang-up where this process leads the session, as in a window of its own.
                if info.si_code <= 0 || info.si_signo == SIGHUP { kill(child, info.si_signo) }
                guard info.si_signo == SIGTERM || info.si_signo == SIGINT else { continue }
                // Nor is it killed: it may take its time to end for good.
                watch.cancelRestart()
                killAt = nil
            }
        }
    }

    private func next(_ set: inout sigset_t, _ timeout: Int?) -> Next {
        var info = siginfo_t()
        while true {
            let number: Int32
            if let timeout {
                var limit = timespec(tv_sec: timeout, tv_nsec: 0)
                number = sigtimedwait(&set, &info, &limit)
            } else {
                number = sigwaitinfo(&set, &info)
            }
            if number > 0 { return .signal(info) }
            if errno == EAGAIN { return .timeout }
        }
    }

    /// The new key, if it is another one: a daemon that was restarted announces the same key again.
    private func changed(from key: SecretBytes) -> SecretBytes? {
        do throws(ClientError) {
            let new = try fetch()
            return new == key ? nil : new
        } catch {
            // Locked, or gone: the command keeps its key until there is another one.
            return nil
        }
    }
}

/// Follows the daemon's stream on a thread of its own and wakes the supervisor at each key event.
final class KeyWatch: Sendable {
    private static let longestPause: UInt32 = 30

    private let consumer: String?
    private let network: String?
    private let restart = Mutex<SecretBytes?>(nil)

    init(consumer: String?, network: String?) {
        self.consumer = consumer
        self.network = network
    }

    func requestRestart(_ key: SecretBytes) { restart.withLock { $0 = key } }
    func cancelRestart() { restart.withLock { $0 = nil } }

    func takeRestart() -> SecretBytes? {
        restart.withLock { key in
            defer { key = nil }
            return key
        }
    }

    func begin(waking thread: pthread_t, with signal: Int32) {
        let body = ThreadBody { [self] in follow { _ = pthread_kill(thread, signal) } }
        var handle = pthread_t()
        let failure = pthread_create(&handle, nil, ThreadBody.entry, Unmanaged.passRetained(body).toOpaque())
        if failure == 0 { pthread_detach(handle) }
    }

    private func follow(_ wake: () -> Void) {
        var pause: UInt32 = 1
        while true {
            do throws(ClientError) {
                var stream = try AgentClient().watch(consumer: consumer, network: network)
                while var event = try stream.next() {
                    pause = 1
                    // The key in it is asked for once more, into memory for secrets.
                    event.data.wipe()
                    if event.event == "key" { wake() }
                }
            } catch {
                // The daemon is restarting, or not there: it is asked again, and the first event brings what was missed.
            }
            sleep(pause)
            pause = min(2 * pause, Self.longestPause)
        }
    }

    private final class ThreadBody: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }

        static let entry: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
            if let argument { Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run() }
            return nil
        }
    }
}
