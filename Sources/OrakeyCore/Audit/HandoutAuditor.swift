public import Logging

/// Writes the audit of hand-outs: the first of each process before it takes place, the rest once a second.
public actor HandoutAuditor {
    /// What the hot path asks.
    public nonisolated let gate = HandoutGate()
    public nonisolated let denials = DenialBook()
    /// Whether keys are in use.
    public nonisolated let activity = Activity()

    private let sink: any AuditSink
    private let clock: any WallClock
    private let log: Logger
    private let isRequired: Bool
    private var waiting: [(handout: Handout, peer: Peer)] = []
    private var lastError: (any Error)?
    private var failedSince: Timestamp?
    /// Counts that could not be written yet.
    private var unwritten: [AuditEvent] = []

    /// Records that may wait for a disk that does not take them; older ones are given up.
    static let mostUnwritten = 600

    /// - Parameter isRequired: hand-out stops while the audit can't be written.
    public init(sink: any AuditSink, clock: any WallClock, isRequired: Bool, log: Logger) {
        self.sink = sink
        self.clock = clock
        self.isRequired = isRequired
        self.log = log
    }

    /// Whether hand-out has stopped because the audit can't be written.
    public nonisolated var isClosed: Bool { gate.isClosed }

    /// Records that a process is about to be given a key for the first time. Calls that come together are written
    /// together.
    ///
    /// - Throws: when the record could not be written and has to be.
    public func record(_ handout: Handout, to peer: Peer) async throws {
        activity.note()
        waiting.append((handout, peer))
        // Those that were ahead in the queue add theirs; the first to come back writes for all.
        await Task.yield()
        if !waiting.isEmpty { writeWaiting() }
        guard gate.knows(handout, peer) || !isRequired || lastError == nil else {
            throw AuditWriteError(reason: "\(lastError.map { "\($0)" } ?? "")")
        }
    }

    private func writeWaiting() {
        let batch = waiting
        waiting = []
        var seen: Set<AuditEvent.Handed> = []
        let fresh = batch.filter { !gate.knows($0.handout, $0.peer) }.map { AuditEvent.Handed($0.handout, to: $0.peer) }
            .filter { seen.insert($0).inserted }
        guard !fresh.isEmpty else { return }
        do {
            try sink.append(fresh.map { .handedOut($0) })
            succeeded()
        } catch {
            failed(error)
            if isRequired { return }
        }
        for one in batch { gate.remember(one.handout, one.peer) }
    }

    /// Writes what was counted. To be called each second, and at the end.
    public func turn() {
        let counted = gate.turn()
        let denied = denials.due(at: clock.now)
        unwritten += counted
        if !counted.isEmpty { activity.note() }
        if !denied.isEmpty { unwritten.append(.denied(denied)) }
        // After a failure even an empty turn writes something: nothing else would find out that the disk is well again.
        let resumed = failedSince.map { [AuditEvent.resumed(since: $0)] } ?? []
        if unwritten.isEmpty, resumed.isEmpty { return }
        do {
            try sink.append(resumed + unwritten)
            unwritten = []
            succeeded()
        } catch {
            unwritten = unwritten.suffix(Self.mostUnwritten)
            failed(error)
        }
    }

    private func failed(_ error: any Error) {
        if lastError == nil {
            log.error(
                "the audit can't be written",
                metadata: ["error": "\(error)", "handout": isRequired ? "stopped" : "goes on (audit.required: false)"])
        }
        lastError = error
        failedSince = failedSince ?? clock.now
        if isRequired { gate.setClosed(true) }
    }

    private func succeeded() {
        if lastError != nil { log.notice("the audit is written again") }
        lastError = nil
        failedSince = nil
        gate.setClosed(false)
    }
}

/// The audit could not be written, so the key was not handed out.
public struct AuditWriteError: Error, Sendable, CustomStringConvertible {
    public let reason: String
    public var description: String { "the audit can't be written: \(reason)" }
}
