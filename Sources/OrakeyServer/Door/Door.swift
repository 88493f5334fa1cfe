import CLinuxShims
import Glibc
import LocalSockets
import NIOCore
import Synchronization

/// The first look at the connections of a socket: accepts them and answers their ``PlainGet``s, on a thread and an epoll
/// of its own. A connection that says anything else goes on to the HTTP pipeline, for good.
///
/// Programs that only ever fetch their key cost neither a channel nor a parser. The decision who gets which key is the
/// router's in both cases.
final class Door: Sendable {
    private let bell: DoorBell

    /// Opens the door on a listening socket, which from now on belongs to it.
    ///
    /// - Parameter handOver: takes a connection that is to be served elsewhere. Called on the door's thread.
    init(
        on listener: Int32, for source: any PlainKeySource, limits: ServerLimits, connections: ConnectionBook,
        handOver: @escaping @Sendable (Departure) -> Void
    ) throws(SocketError) {
        let poller = orakey_poller()
        let bell = DoorBell()
        guard let bell, poller >= 0, orakey_set_nonblocking(listener, 1) == 0 else {
            throw .failed(path: "the agent socket", step: "waiting for connections", reason: "out of descriptors")
        }
        self.bell = bell
        let idleTime = TimeAmount.seconds(limits.idleSeconds)
        let thread = DoorThread {
            let keeper = DoorKeeper(
                listener: listener, poller: poller, bell: bell, source: source, connections: connections,
                idleTime: idleTime, handOver: handOver)
            keeper.run()
        }
        guard thread.start() else {
            throw .failed(path: "the agent socket", step: "starting its thread", reason: "out of memory")
        }
    }

    /// Takes no more connections, and ends each as soon as its request in flight is answered.
    func drain() { bell.ring(.drain) }

    func closeAll() { bell.ring(.closeAll) }
}

/// A connection that is to be served elsewhere.
struct Departure: Sendable {
    let socket: Int32
    let credentials: PeerReader.Credentials
    let process: PeerProcess
    /// nil where nobody asked for them.
    let supplementaryGroups: [gid_t]?
    /// As how many descriptors it is counted.
    let descriptors: Int
    /// What is left of the last answer.
    var unsent = ByteBuffer()
    /// What was read and not answered.
    var unread = ByteBuffer()
    var isDraining = false
}

/// Tells the door's thread what happened elsewhere.
final class DoorBell: Sendable {
    enum Call: Sendable {
        /// The record that a visitor waits for is made, or could not be.
        case recorded(socket: Int32, visit: UInt64)
        case drain, closeAll
    }

    /// Readable while calls wait.
    let descriptor: Int32
    private let calls = Mutex([Call]())

    init?() {
        descriptor = orakey_bell()
        if descriptor < 0 { return nil }
    }

    func ring(_ call: Call) {
        calls.withLock { $0.append(call) }
        orakey_ring(descriptor)
    }

    func answer() -> [Call] {
        orakey_hush(descriptor)
        return calls.withLock { calls in
            defer { calls = [] }
            return calls
        }
    }

    deinit { close(descriptor) }
}

/// One thread that runs a closure and ends.
private final class DoorThread: Sendable {
    private let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }

    func start() -> Bool {
        var handle = pthread_t()
        let own = unsafe Unmanaged.passRetained(self)
        let failure = unsafe pthread_create(
            &handle, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                _ = unsafe orakey_set_thread_name("door")
                unsafe Unmanaged<DoorThread>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, own.toOpaque())
        if failure != 0 {
            unsafe own.release()
            return false
        }
        pthread_detach(handle)
        return true
    }
}
