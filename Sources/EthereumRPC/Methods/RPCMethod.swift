public import StrictJSON

/// What a method may change.
public enum RPCEffect: Sendable, Hashable {
    /// Nothing: it may be asked again, of anyone.
    case none
    /// It sends a transaction: it is never repeated blindly.
    case broadcast
}

/// A request without its type, with what retries and quorums have to know of it.
struct RPCCall: Sendable {
    var name: String
    var params: [JSON]
    var effect: RPCEffect = .none
    /// How far endpoints can be expected to agree.
    var agreement: RPCAgreement = .advice
    /// What keeps a result from being of the method's type; nil when nothing does.
    var flaw: @Sendable (JSON) -> RPCDecodingError? = { _ in nil }
}

/// How a quorum treats a method.
enum RPCAgreement: Sendable {
    /// Advice such as a gas price: each endpoint has its own, one is enough.
    case advice
    /// The same everywhere, once the block is fixed. `parts` is what has to be the same: chains add their own fields.
    case exact(parts: @Sendable (JSON) -> JSON)
    /// About a moving block: the parameter at `index` is pinned to a block that the quorum knows, then as `exact`.
    case atBlock(index: Int, tag: BlockID, parts: @Sendable (JSON) -> JSON)
    /// The head's number: the highest that enough endpoints have reached.
    case height
}

/// A JSON-RPC method with the type of its result. Make one with the static members.
public struct RPCMethod<Response: Sendable>: Sendable {
    let call: RPCCall
    private let read: @Sendable (AnswerReader) throws(RPCDecodingError) -> Response

    init(
        _ name: String, _ params: [JSON] = [], effect: RPCEffect = .none, agreement: RPCAgreement = .advice,
        read: @escaping @Sendable (AnswerReader) throws(RPCDecodingError) -> Response
    ) {
        call = RPCCall(name: name, params: params, effect: effect, agreement: agreement) { result in
            do throws(RPCDecodingError) {
                _ = try read(AnswerReader(result))
                return nil
            } catch {
                return error
            }
        }
        self.read = read
    }

    /// The method's name.
    public var name: String { call.name }
    /// Its parameters.
    public var params: [JSON] { call.params }
    /// What it may change.
    public var effect: RPCEffect { call.effect }

    /// Reads a result, the value of the answer's `result` member.
    public func decode(_ result: JSON) throws(RPCDecodingError) -> Response { try read(AnswerReader(result)) }
}

extension RPCMethod where Response == JSON {
    /// Any method; the result stays JSON. Say what it may change: a method that sends something is never repeated.
    public static func custom(_ name: String, _ params: [JSON] = [], effect: RPCEffect = .none) -> RPCMethod<JSON> {
        RPCMethod(name, params, effect: effect, agreement: .exact(parts: { $0 })) { (reader) throws(RPCDecodingError) in
            reader.json
        }
    }
}
