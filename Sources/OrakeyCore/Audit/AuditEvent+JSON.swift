import EthereumCore
import OrakeyKey
import StrictJSON

extension AuditEvent {
    /// The longest text of another's making that goes into a record, in characters.
    static let longestText = 256

    /// The record's name.
    var name: String {
        switch self {
        case .started: "started"
        case .stopped: "stopped"
        case .unlocked: "unlocked"
        case .unlockRefused: "unlock_refused"
        case .locked: "locked"
        case .reloaded: "reloaded"
        case .reloadRefused: "reload_refused"
        case .handedOut: "handed_out"
        case .repeated: "repeated"
        case .denied: "denied"
        case .resumed: "resumed"
        case .key(let change, _): change.rawValue
        case .intent: "intent"
        case .revocation: "revocation"
        case .anchor: "anchor"
        case .pruned: "pruned"
        }
    }

    /// The record's text: one JSON object, the same bytes for ever.
    func body(at now: Timestamp, requester: Requester?) -> [UInt8] {
        var object: JSONObject = ["time_ms": .integer(now.milliseconds), "event": .string(name)]
        if let requester {
            object["by"] = ["uid": .integer(requester.userID), "pid": .integer(requester.processID)]
        }
        for (key, value) in details { object[key] = value }
        return JSON.object(object).serialize()
    }

    private var details: JSONObject {
        switch self {
        case .started(let version): return ["version": .string(version)]
        case .stopped, .unlocked: return [:]
        case .unlockRefused(let reason), .locked(let reason), .reloadRefused(let reason):
            return ["reason": Self.text(reason)]
        case .reloaded(let consumers): return ["consumers": .integer(consumers)]
        case .handedOut(let handed): return Self.object(handed)
        case .repeated(let list):
            return [
                "keys": .array(
                    list.map { handed, count in
                        var object = Self.object(handed)
                        object["count"] = .integer(count)
                        return .object(object)
                    })
            ]
        case .denied(let list): return ["requests": .array(list.map { .object(Self.object($0)) })]
        case .resumed(let since): return ["since_ms": .integer(since.milliseconds)]
        case .key(_, let key): return Self.object(key)
        case .intent(let intent): return Self.object(intent)
        case .revocation(let revocation):
            return [
                "network": .string(revocation.network.description),
                "revoker": .string(revocation.revoker.description), "nonce": .integer(revocation.nonce),
                "count": .integer(revocation.messages.count),
            ]
        case .anchor(let network, let block, let hash):
            return ["network": .string(network.description), "block": .integer(block), "hash": .string(hash.hex)]
        case .pruned(let base): return ["first": .integer(base.first), "previous": .string(base.previous.hex)]
        }
    }

    private static func object(_ handed: Handed) -> JSONObject {
        var object: JSONObject = [
            "consumer": .string(handed.consumer), "network": .string(handed.network),
            "fingerprint": .string(handed.fingerprint.description), "uid": .integer(handed.userID),
            "pid": .integer(handed.processID),
        ]
        if let executable = handed.executable { object["exe"] = text(executable) }
        if let unit = handed.unit { object["unit"] = text(unit) }
        return object
    }

    private static func object(_ denied: Denied) -> JSONObject {
        var object: JSONObject = [
            "uid": .integer(denied.userID), "pid": .integer(denied.processID), "reason": text(denied.reason),
            "count": .integer(denied.count),
        ]
        if let executable = denied.executable { object["exe"] = text(executable) }
        return object
    }

    private static func object(_ key: KeyRecord) -> JSONObject {
        var object: JSONObject = [
            "network": .string(key.network.description), "message": .string(key.message.hex),
        ]
        if let fingerprint = key.fingerprint { object["fingerprint"] = .string(fingerprint.description) }
        if let consumer = key.consumer { object["consumer"] = .string(consumer) }
        if let generation = key.generation { object["generation"] = .integer(generation) }
        if let block = key.disabledBlock { object["block"] = .integer(block) }
        if let reason = key.reason { object["reason"] = text(reason) }
        return object
    }

    private static func object(_ intent: Intent) -> JSONObject {
        var object: JSONObject = [
            "network": .string(intent.network.description), "intent": .integer(intent.id),
            "kind": .string(intent.kind.rawValue), "state": .string(intent.state.rawValue),
        ]
        switch intent.payload {
        case .create(let count): object["count"] = .integer(count)
        case .disable(let messages): object["count"] = .integer(messages.count)
        case .setRevoker(let address): object["revoker"] = .string(address.description)
        }
        return object
    }

    private static func text(_ text: String) -> JSON { .string(String(text.prefix(longestText))) }
}

/// The operator on whose behalf something happens; nil for what the service does by itself. A router sets it for the
/// time of a call, and every record made within names it.
public struct Requester: Sendable, Equatable {
    public let userID: UInt32
    public let processID: Int32

    public init(_ peer: Peer) {
        userID = peer.userID
        processID = peer.processID
    }

    @TaskLocal public static var current: Requester?
}
