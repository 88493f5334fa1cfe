import CurlHTTP
import EthereumWallet
import HTTPRelay
import NIOCore
import OrakeyCore
import OrakeyKey

/// One request on the short way. The front calls it from one place at a time, which is why `@unchecked` holds.
final class ProxyExchange: PlainExchange, @unchecked Sendable {
    private static let prefix: StaticString = "Authorization: Bearer "

    private let handler: ProxyHandler
    private let caller: Admission.Caller
    private var handout: Handout
    private var meter: ExchangeMeter
    /// Of a stream.
    private var events: EventStreamGuard?
    private var mayTryAgain = true
    private var status = 0
    private var scheme: String?

    init(_ handler: ProxyHandler, _ caller: Admission.Caller, _ handout: Handout, _ request: PlainRequest) {
        self.handler = handler
        self.caller = caller
        self.handout = handout
        meter = ExchangeMeter(caller.name, time: handler.wallClock.now)
        meter.sends(Array(request.body))
        meter.fingerprint = handout.fingerprint.description
    }

    // MARK: The request

    var requestFieldBytes: Int { Self.prefix.utf8CodeUnitCount + handout.key.count + 2 }

    func writeRequestFields(to buffer: inout ByteBuffer) {
        buffer.writeStaticString(Self.prefix)
        _ = unsafe handout.key.withUnsafeBytes { unsafe buffer.writeBytes($0) }
        buffer.writeStaticString("\r\n")
    }

    /// The key may have been rotated or revoked since it was read. Nothing was answered yet, and whoever refuses a key
    /// bills nothing under it.
    func accepts(_ answer: PlainAnswer) -> Bool {
        if answer.status == 401, mayTryAgain, !isCurrent {
            mayTryAgain = false
            return false
        }
        status = answer.status
        scheme = answer.note
        if status == 429 {
            handler.hold(caller, retryAfter: answer.value(of: "retry-after"), date: answer.value(of: "date"))
        }
        if answer.isEventStream { events = EventStreamGuard() }
        meter.answers(asStream: answer.isEventStream)
        return true
    }

    private var isCurrent: Bool {
        guard case .key(let current) = handler.board.read(consumer: caller.name.consumer, network: caller.name.network)
        else { return false }
        return current.fingerprint == handout.fingerprint
    }

    func renew() async -> RelayAnswer? {
        do throws(ProxyRefusal) {
            handout = try await handler.key(for: caller)
            meter.fingerprint = handout.fingerprint.description
            return nil
        } catch {
            return refused(error)
        }
    }

    func refusal(of error: HTTPError) -> RelayAnswer { refused(ProxyRefusal(error)) }

    private func refused(_ refusal: ProxyRefusal) -> RelayAnswer {
        handler.tell(refusal, meter)
        status = refusal.status
        return refusal.answer
    }

    // MARK: The answer

    func writeAnswerFields(to buffer: inout ByteBuffer) {
        buffer.writeString(ProxyHandler.fingerprintField)
        buffer.writeStaticString(": ")
        buffer.writeString(meter.fingerprint)
        buffer.writeStaticString("\r\n")
    }

    func pass(_ piece: ByteBuffer) -> ByteBuffer {
        meter.receives(piece.readableBytesView)
        guard events != nil else { return piece }
        let whole = events?.pass(Array(piece.readableBytesView)) { meter.receives(line: $0) } ?? []
        return ByteBuffer(bytes: whole)
    }

    func finish(withConnection: Bool) throws(HTTPError) -> ByteBuffer {
        guard let isDone = events?.isDone else { return ByteBuffer() }
        // A stream that ends with its connection may have been cut short, unless it says that this is its end.
        if withConnection, !isDone {
            throw HTTPError(malformed: "the upstream closed the connection in the middle of a stream")
        }
        return ByteBuffer(bytes: events?.rest() ?? [])
    }

    func breakOff(_ error: HTTPError) -> ByteBuffer? {
        handler.tell(error, meter)
        status = 0
        return (events?.breakOff(ProxyRefusal(breakingOff: error).event)).map { ByteBuffer(bytes: $0) }
    }

    func concluded(isWhole: Bool) {
        handler.note(meter, status: isWhole ? status : 0, scheme: scheme)
    }
}
