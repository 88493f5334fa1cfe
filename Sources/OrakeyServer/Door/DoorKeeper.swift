import CLinuxShims
import Glibc
import LocalSockets
import NIOCore
import OrakeyCore

/// A connection at the ``Door``.
private final class Visitor {
    let socket: Int32
    /// No other connection's, unlike the socket's number.
    let visit: UInt64
    let credentials: PeerReader.Credentials
    let supplementaryGroups: [gid_t]?
    let peer: Peer
    var lastUse = NIODeadline.now()
    /// A request that waits for its record.
    var held: ByteBuffer?
    var isWatched = false

    init(
        socket: Int32, visit: UInt64, credentials: PeerReader.Credentials, supplementaryGroups: [gid_t]?,
        process: UInt64
    ) {
        self.socket = socket
        self.visit = visit
        self.credentials = credentials
        self.supplementaryGroups = supplementaryGroups
        peer = Peer(
            processID: credentials.processID, userID: credentials.userID,
            groupIDs: [credentials.groupID] + (supplementaryGroups ?? []), knowsAllGroups: supplementaryGroups != nil,
            process: process)
    }
}

/// The thread of a ``Door``.
final class DoorKeeper {
    /// More than the longest plain request, so that one read tells.
    private static let readBytes = 2 * PlainGet.mostBytes
    /// More than any response: a buffer that grows leaves its bytes where they were.
    private static let responseBytes = 4096
    /// Milliseconds for which nobody is let in where the system has no descriptor or memory for one more.
    private static let breather: Int64 = 100

    private let listener: Int32
    private let poller: Int32
    private let bell: DoorBell
    private let source: any PlainKeySource
    private let connections: ConnectionBook
    private let idleTime: TimeAmount
    private let roundTime: TimeAmount
    private let handOver: (Departure) -> Void

    private var visitors: [Int32: Visitor] = [:]
    private var visits: UInt64 = 0
    private var processes = KnownProcesses()
    private var response: ByteBuffer
    private var isListening = false
    private var isDraining = false
    private var nextRound = NIODeadline.now()

    init(
        listener: Int32, poller: Int32, bell: DoorBell, source: any PlainKeySource, connections: ConnectionBook,
        idleTime: TimeAmount, handOver: @escaping (Departure) -> Void
    ) {
        self.listener = listener
        self.poller = poller
        self.bell = bell
        self.source = source
        self.connections = connections
        self.idleTime = idleTime
        roundTime = .nanoseconds(max(250_000_000, idleTime.nanoseconds / 8))
        self.handOver = handOver
        response = ByteBufferAllocator().buffer(capacity: Self.responseBytes)
    }

    /// Until the door is closed and the last visitor has left.
    func run() {
        _ = orakey_watch(poller, bell.descriptor)
        startListening()
        while !isDraining || !visitors.isEmpty { turn() }
        close(poller)
    }

    private func turn() {
        unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: Int(ORAKEY_MOST_READY)) { ready in
            guard let start = ready.baseAddress else { return }
            let count = unsafe orakey_wait(poller, start, patience)
            for index in 0..<Int(max(0, count)) {
                // Whoever left in this very turn is not found; a new one under its number has nothing to say yet.
                switch unsafe ready[index] {
                case bell.descriptor: answerBell()
                case listener: letIn()
                case let socket: if let visitor = visitors[socket] { listen(to: visitor) }
                }
            }
        }
        if NIODeadline.now() >= nextRound { makeRound() }
    }

    // MARK: - Coming and going

    private func letIn() {
        guard isListening else { return }
        let socket = orakey_accept(listener)
        guard socket >= 0 else {
            // The client may have gone again. All else does not pass by itself: the door stays shut for a while.
            if ![EAGAIN, EINTR, ECONNABORTED].contains(-socket) { stopListening() }
            return
        }
        let needs = source.peerNeeds
        guard let credentials = PeerReader.credentials(of: socket),
            connections.enter(userID: credentials.userID, needing: needs.descriptors)
        else {
            close(socket)
            return
        }
        let groups = needs.groups ? PeerReader.groups(of: socket) : nil
        if needs.processDetails {
            // What only /proc tells is asked at each request, which is the pipeline's business.
            return handOver(
                Departure(
                    socket: socket, credentials: credentials, process: PeerProcess.of(socket: socket, credentials),
                    supplementaryGroups: groups, descriptors: needs.descriptors))
        }
        visits += 1
        let visitor = Visitor(
            socket: socket, visit: visits, credentials: credentials, supplementaryGroups: groups,
            process: processes.number(of: socket, credentials))
        visitors[socket] = visitor
        // Most have sent their request by now.
        listen(to: visitor)
    }

    private func startListening() { isListening = orakey_watch(poller, listener) == 0 }

    private func stopListening() {
        if isListening { _ = orakey_unwatch(poller, listener) }
        isListening = false
        nextRound = min(nextRound, .now() + .milliseconds(Self.breather))
    }

    private func stay(_ visitor: Visitor) {
        guard !visitor.isWatched else { return }
        visitor.isWatched = orakey_watch(poller, visitor.socket) == 0
        if !visitor.isWatched { leave(visitor) }
    }

    private func leave(_ visitor: Visitor) {
        visitors[visitor.socket] = nil
        // Which also ends the watch.
        close(visitor.socket)
        connections.leave(userID: visitor.credentials.userID, needing: PeerNeeds.none.descriptors)
    }

    private func depart(_ visitor: Visitor, unread: ByteBuffer = ByteBuffer(), unsent: ByteBuffer = ByteBuffer()) {
        visitors[visitor.socket] = nil
        if visitor.isWatched { _ = orakey_unwatch(poller, visitor.socket) }
        handOver(
            Departure(
                socket: visitor.socket, credentials: visitor.credentials,
                process: PeerProcess(number: visitor.peer.process), supplementaryGroups: visitor.supplementaryGroups,
                descriptors: PeerNeeds.none.descriptors, unsent: unsent, unread: unread, isDraining: isDraining))
    }

    // MARK: - Requests

    private func listen(to visitor: Visitor) {
        unsafe withUnsafeTemporaryAllocation(byteCount: Self.readBytes, alignment: 1) { buffer in
            let count = unsafe recv(visitor.socket, buffer.baseAddress, buffer.count, 0)
            if count > 0 {
                unsafe answer(visitor, UnsafeRawBufferPointer(rebasing: buffer[..<count]), isRecorded: false)
                // Somebody may have sent a secret to the wrong socket.
                if let start = buffer.baseAddress { unsafe explicit_bzero(start, count) }
            } else if count < 0, errno == EAGAIN || errno == EINTR {
                if isDraining { leave(visitor) } else { stay(visitor) }
            } else {
                leave(visitor)
            }
        }
    }

    private func answer(_ visitor: Visitor, _ bytes: UnsafeRawBufferPointer, isRecorded: Bool) {
        guard let request = unsafe PlainGet.recognise(bytes) else {
            return unsafe depart(visitor, unread: ByteBuffer(bytes: bytes))
        }
        switch source.writePlainKey(
            for: visitor.peer, asText: request.wantsText, isRecorded: isRecorded, to: &response)
        {
        case .written: sendResponse(to: visitor)
        case .unrecorded where !isRecorded: unsafe hold(visitor, ByteBuffer(bytes: bytes))
        case .unrecorded, .elsewhere: unsafe depart(visitor, unread: ByteBuffer(bytes: bytes))
        }
    }

    private func sendResponse(to visitor: Visitor) {
        let count = response.readableBytes
        let sent = unsafe response.withUnsafeReadableBytes { bytes in
            unsafe send(visitor.socket, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        }
        let failure = errno
        let isLate = sent < 0 ? failure == EAGAIN || failure == EINTR : sent < count
        visitor.lastUse = .now()
        if sent < 0, !isLate {
            leave(visitor)
        } else if isLate {
            // Whoever does not read the answers gets the pipeline, which stops reading.
            unsafe response.withUnsafeReadableBytes { bytes in
                unsafe depart(visitor, unsent: ByteBuffer(bytes: bytes[max(0, sent)...]))
            }
        } else if isDraining {
            leave(visitor)
        } else {
            stay(visitor)
        }
        unsafe response.withUnsafeMutableReadableBytes { bytes in
            if let start = bytes.baseAddress { unsafe explicit_bzero(start, bytes.count) }
        }
        response.clear()
    }

    /// The first hand-out to a process waits for its record, and what the client sends meanwhile waits in the kernel.
    private func hold(_ visitor: Visitor, _ request: ByteBuffer) {
        visitor.held = request
        if visitor.isWatched { _ = orakey_unwatch(poller, visitor.socket) }
        visitor.isWatched = false
        let (source, bell, peer) = (source, bell, visitor.peer)
        let call = DoorBell.Call.recorded(socket: visitor.socket, visit: visitor.visit)
        Task {
            await source.recordPlainKey(for: peer)
            bell.ring(call)
        }
    }

    // MARK: - Calls and rounds

    private func answerBell() {
        for call in bell.answer() {
            switch call {
            case .recorded(let socket, let visit):
                guard let visitor = visitors[socket], visitor.visit == visit, let request = visitor.held else {
                    continue
                }
                visitor.held = nil
                unsafe request.withUnsafeReadableBytes { unsafe answer(visitor, $0, isRecorded: true) }
            case .drain:
                guard !isDraining else { continue }
                isDraining = true
                stopListening()
                close(listener)
                // Whoever has asked already is still answered.
                for visitor in visitors.values where visitor.held == nil { listen(to: visitor) }
            case .closeAll: for visitor in visitors.values { leave(visitor) }
            }
        }
    }

    /// Looks at all visitors now and then, which costs less than a timer for each.
    private func makeRound() {
        let now = NIODeadline.now()
        if !isListening, !isDraining { startListening() }
        for visitor in visitors.values where visitor.held == nil && now - visitor.lastUse >= idleTime {
            leave(visitor)
        }
        nextRound = now + roundTime
    }

    /// Milliseconds until the next round is due; for ever where there is nobody to look at.
    private var patience: Int32 {
        if visitors.isEmpty, isListening { return -1 }
        let nanoseconds = (nextRound - .now()).nanoseconds
        return Int32(clamping: max(0, nanoseconds + 999_999) / 1_000_000)
    }
}
