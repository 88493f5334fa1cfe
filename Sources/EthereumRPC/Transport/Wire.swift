import EthereumCore
import StrictJSON

/// JSON-RPC 2.0 on the wire: requests out, answers matched by id.
enum Wire {
    /// Objects in objects that an answer may hold.
    static let maxDepth = 32
    /// What is kept of an endpoint's error message, in characters.
    static let maxMessage = 300

    // MARK: Requests

    static func request(_ call: RPCCall, id: UInt64) -> JSON {
        var object = JSONObject()
        object["jsonrpc"] = "2.0"
        object["id"] = .integer(id)
        object["method"] = .string(call.name)
        if !call.params.isEmpty { object["params"] = .array(call.params) }
        return .object(object)
    }

    /// One request as an object, several as a batch (§6), with ids counting from `firstID`.
    static func body(_ calls: [RPCCall], firstID: UInt64) -> [UInt8] {
        let requests = calls.enumerated().map { request($0.element, id: firstID + UInt64($0.offset)) }
        return (requests.count == 1 ? requests[0] : .array(requests)).serialize()
    }

    // MARK: Answers

    /// Results in the order of the requests. Answers may come in any order; missing, doubled and extra ones refuse
    /// the whole.
    static func results(
        _ body: [UInt8], count: Int, firstID: UInt64, maxBytes: Int
    ) throws(RPCError) -> [Result<JSON, RPCError>] {
        let json: JSON
        do throws(JSONError) {
            json = try JSON.parse(body, limits: JSONLimits(maxDepth: maxDepth, maxBytes: maxBytes))
        } catch {
            // Servers quote what they did not accept, and a key would be cut before credentials are struck out of it.
            throw RPCError(.invalidAnswer(error.descriptionWithoutNames))
        }
        guard count > 1 else { return [try result(json, id: firstID)] }
        guard let answers = json.arrayValue else {
            // A batch that is refused as a whole has one answer without an id.
            if let error = json["error"], !error.isNull { throw RPCError(try server(error)) }
            throw invalid("a batch was answered with \(json.kindName)")
        }
        guard answers.count == count else {
            throw invalid("a batch of \(count) requests has \(answers.count) answers")
        }
        var results = [Result<JSON, RPCError>?](repeating: nil, count: count)
        for answer in answers {
            guard let id: UInt64 = answer["id"]?.numberValue?.integer(), id >= firstID, id - firstID < UInt64(count)
            else {
                throw invalid("an answer to no request of this batch")
            }
            let index = Int(id - firstID)
            guard results[index] == nil else { throw invalid("two answers to one request") }
            results[index] = try result(answer, id: id)
        }
        return results.compactMap { $0 }
    }

    private static func result(_ answer: JSON, id: UInt64) throws(RPCError) -> Result<JSON, RPCError> {
        guard let object = answer.objectValue else { throw invalid("expected an object, found \(answer.kindName)") }
        guard object["jsonrpc"]?.stringValue == "2.0" else { throw invalid("not JSON-RPC 2.0") }
        // Not `flatMap { $0.isNull ? nil : $0 }`: that nil would be a JSON null.
        var error: JSON?
        if let member = object["error"], !member.isNull { error = .some(member) }
        // A server that could not read the request does not know its id (§5).
        let isAnonymous = error != nil && (object["id"] ?? .null).isNull
        guard isAnonymous || object["id"]?.numberValue?.integer() == id else {
            throw invalid("an answer to another request")
        }
        if let error {
            guard object["result"] == nil || object["result"] == .null else {
                throw invalid("both a result and an error")
            }
            return .failure(RPCError(try server(error)))
        }
        guard let result = object["result"] else { throw invalid("neither a result nor an error") }
        return .success(result)
    }

    /// An error object (§5.1).
    private static func server(_ error: JSON) throws(RPCError) -> RPCError.Kind {
        guard let code: Int = error["code"]?.numberValue?.integer(), let message = error["message"]?.stringValue else {
            throw invalid("an error without code and message")
        }
        let text = printable(message)
        let data = error["data"].flatMap(revertData)
        var kind = RPCErrorClass(code: code, message: text)
        // Clients differ in code and text, but only a revert comes with data that an ABI can read.
        if kind == .other || kind == .executionFailed, let data, data.count >= 4 { kind = .reverted }
        if kind == .rateLimited { return .rateLimited(retryAfter: nil) }
        return .server(code: code, message: text, data: kind == .reverted ? data : nil, class: kind)
    }

    /// Hex text; `Reverted 0x...` of OpenEthereum and Nethermind; an object with `data` of Hardhat.
    private static func revertData(_ data: JSON) -> [UInt8]? {
        if let text = data.stringValue {
            let digits = text.hasPrefix("Reverted ") ? text.dropFirst("Reverted ".count) : Substring(text)
            return try? Hex.decode(digits, prefix: .required)
        }
        return data["data"].flatMap { $0.stringValue == nil ? nil : revertData($0) }
    }

    /// An endpoint's words as one line for a terminal or a log.
    static func printable(_ text: String) -> String {
        var clean = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(maxMessage) {
            switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
                clean.append(" ")
            default: clean.append(scalar)
            }
        }
        return String(clean)
    }

    private static func invalid(_ reason: String) -> RPCError { RPCError(.invalidAnswer(reason)) }
}
