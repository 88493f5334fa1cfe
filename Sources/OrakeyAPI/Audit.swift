public import StrictJSON

/// One page of `GET /v1/audit`.
public struct AuditList: Sendable, Equatable {
    public var records: [AuditRecord]
    /// Pass as `before` (or `after`, where that was asked) to go on; nil at the end.
    public var next: String?

    public init(records: [AuditRecord], next: String?) {
        self.records = records
        self.next = next
    }

    public init(json: JSON) throws(JSONError) {
        var reader = try JSONReader(json)
        records = try reader.objects("records").map(AuditRecord.init)
        next = try reader.optionalString("next")
    }

    public var json: JSON { ["records": .array(records.map(\.json)), "next": .of(next)] }
}

/// One record of the audit.
public struct AuditRecord: Sendable, Equatable {
    /// From 1, without gaps.
    public var sequence: UInt64
    /// Milliseconds since 1970.
    public var timeMilliseconds: UInt64
    /// What happened: `handed_out`, `revoked`, `unlocked`, ...
    public var event: String
    /// The code that chains the record to the one before. Noted elsewhere, it proves later that nothing up to here was
    /// changed: `orakey audit verify --contains SEQUENCE:CODE`.
    public var code: String
    /// Whether the code was made with the wallet's key. False for records of a run that was never unlocked.
    public var isSealed: Bool
    /// Everything else the record says, by event.
    public var details: JSONObject

    /// A record as the daemon stores it; nil when the body is none.
    public init?(sequence: UInt64, code: String, isSealed: Bool, body: [UInt8]) {
        guard var object = (try? JSON.parse(body))?.objectValue,
            let time = object["time_ms"]?.numberValue?.integer(UInt64.self), let event = object["event"]?.stringValue
        else { return nil }
        object["time_ms"] = nil
        object["event"] = nil
        self.sequence = sequence
        timeMilliseconds = time
        self.event = event
        self.code = code
        self.isSealed = isSealed
        details = object
    }

    init(_ source: JSONReader) throws(JSONError) {
        var reader = source
        sequence = try reader.int("sequence")
        timeMilliseconds = try reader.int("time_ms")
        event = try reader.string("event")
        code = try reader.string("code")
        isSealed = try reader.bool("sealed")
        details = try reader.value("details").objectValue ?? [:]
    }

    var json: JSON {
        [
            "sequence": .integer(sequence), "time_ms": .integer(timeMilliseconds), "event": .string(event),
            "code": .string(code), "sealed": .bool(isSealed), "details": .object(details),
        ]
    }
}
