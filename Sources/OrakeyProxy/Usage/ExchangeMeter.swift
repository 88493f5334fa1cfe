import Dispatch
import EthereumCore
import EthereumWallet
import OrakeyCore
import StrictJSON

/// Counts one exchange as it passes, and reads out of it what usage needs.
struct ExchangeMeter {
    /// Up to this size a body is read for the model and the tokens in it.
    static let largestRead = 8 * 1024 * 1024

    let name: ConsumerName
    var fingerprint = "-"
    private let time: Timestamp
    private let start: DispatchTime
    private var firstByte: DispatchTime?
    private var requestBody: [UInt8]?
    /// Where the body is not kept.
    private var requestHash: RunningSHA256?
    private var bytesUp: UInt64 = 0
    private var bytesDown: UInt64 = 0
    /// The answer, as far as it is JSON and not too large.
    private var answer: [UInt8]? = []
    private var stream: StreamFacts?

    init(_ name: ConsumerName, time: Timestamp, start: DispatchTime = .now()) {
        self.name = name
        self.time = time
        self.start = start
    }

    mutating func sends(_ body: [UInt8]) {
        bytesUp = UInt64(body.count)
        if body.count <= Self.largestRead {
            requestBody = body
        } else {
            requestHash = RunningSHA256()
            requestHash?.update(body)
        }
    }

    mutating func sendsStreamed(_ bytes: UInt64, hash: RunningSHA256) {
        bytesUp = bytes
        requestHash = hash
    }

    mutating func answers(asStream: Bool, now: DispatchTime = .now()) {
        firstByte = now
        if asStream {
            answer = nil
            stream = StreamFacts()
        }
    }

    mutating func receives(_ piece: some Collection<UInt8>) {
        bytesDown += UInt64(piece.count)
        guard let count = answer?.count else { return }
        if count + piece.count <= Self.largestRead { answer? += piece } else { answer = nil }
    }

    mutating func receives(line: ArraySlice<UInt8>) { stream?.add(line) }

    /// Bytes that are kept of both bodies until they are read.
    var keptBytes: Int { (requestBody?.count ?? 0) + (answer?.count ?? 0) }

    /// What is known at the end. Reads bodies, so it takes a while for large ones.
    func record(status: Int, scheme: String?, end: DispatchTime = .now()) -> ExchangeRecord {
        let asked = requestBody.map { BodyFacts(parsing: $0) } ?? BodyFacts()
        let told = stream?.facts ?? answer.map { BodyFacts(parsing: $0) } ?? BodyFacts()
        let sent = ExchangeHashes.text(requestHash?.hash ?? SHA256.hash(requestBody ?? []))
        // Worth its time only where there is something to compare it with.
        let found = stream?.hash ?? (told.responseHash == nil ? nil : answer.flatMap { ExchangeHashes.response($0) })
        return ExchangeRecord(
            key: UsageKey(
                consumer: name.consumer, network: name.network, model: asked.model ?? told.model ?? "-",
                fingerprint: fingerprint),
            time: time.milliseconds, status: status, promptTokens: told.promptTokens ?? 0,
            completionTokens: told.completionTokens ?? 0, bytesUp: bytesUp, bytesDown: bytesDown,
            milliseconds: start.milliseconds(until: end),
            firstByteMilliseconds: start.milliseconds(until: firstByte ?? end), requestHash: sent,
            responseHash: told.responseHash ?? found,
            check: ExchangeHashes.check(scheme: scheme, told: told, sent: sent, found: found))
    }
}

/// What the events of a stream say, and their hash.
struct StreamFacts {
    private(set) var facts = BodyFacts()
    private var running = RunningSHA256()
    private var sawData = false

    var hash: String? { sawData ? ExchangeHashes.text(running.hash) : nil }

    mutating func add(_ line: ArraySlice<UInt8>) {
        guard line.starts(with: "data:".utf8) else { return }
        let data = line.dropFirst(5).drop { $0 == 0x20 }
        var event = BodyFacts()
        // Most events hold a few letters of an answer: only those that name the model or the tokens are worth reading.
        if facts.model == nil || data.contains(sequence: "\"usage\"") || data.contains(sequence: "Hash\"") {
            event = BodyFacts(parsing: data)
            facts.add(event)
        }
        // The event that brings the hash is not part of it.
        guard event.responseHash == nil else { return }
        sawData = true
        running.update(line)
        running.update([0x0A])
    }
}

extension ArraySlice<UInt8> {
    fileprivate func contains(sequence text: StaticString) -> Bool {
        text.withUTF8Buffer { pattern in unsafe firstRange(of: pattern) != nil }
    }
}

extension DispatchTime {
    fileprivate func milliseconds(until end: DispatchTime) -> UInt64 {
        (max(end, self).uptimeNanoseconds - uptimeNanoseconds) / 1_000_000
    }
}
