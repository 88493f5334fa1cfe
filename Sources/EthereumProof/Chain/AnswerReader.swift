import EthereumCore
import StrictJSON

/// Reads a JSON-RPC result in Ethereum's encodings. Unknown members are passed over: every chain adds its own.
struct AnswerReader {
    let json: JSON
    let path: String

    /// Nil when the member is missing or null.
    func optional(_ key: String) throws(ProofError) -> AnswerReader? {
        guard let object = json.objectValue else { throw invalid("expected an object, found \(json.kindName)") }
        guard let value = object[key], !value.isNull else { return nil }
        return AnswerReader(json: value, path: "\(path).\(key)")
    }

    func member(_ key: String) throws(ProofError) -> AnswerReader {
        guard let member = try optional(key) else { throw ProofError(.malformed, "\(path).\(key) is missing") }
        return member
    }

    func elements() throws(ProofError) -> [AnswerReader] {
        guard let array = json.arrayValue else { throw invalid("expected an array, found \(json.kindName)") }
        return array.enumerated().map { AnswerReader(json: $0.element, path: "\(path)[\($0.offset)]") }
    }

    func string() throws(ProofError) -> String {
        guard let text = json.stringValue else { throw invalid("expected a string, found \(json.kindName)") }
        return text
    }

    func bytes() throws(ProofError) -> [UInt8] {
        let text = try string()
        do { return try Hex.decode(text) } catch { throw invalid("\(error)") }
    }

    func bytes(count: Int) throws(ProofError) -> [UInt8] {
        let bytes = try bytes()
        guard bytes.count == count else { throw invalid("expected \(count) bytes, found \(bytes.count)") }
        return bytes
    }

    func bytes32() throws(ProofError) -> Bytes32 {
        let text = try string()
        do { return try Bytes32(hex: text) } catch { throw invalid("\(error)") }
    }

    func address() throws(ProofError) -> Address {
        let text = try string()
        do { return try Address(text) } catch { throw invalid("\(error)") }
    }

    func bloom() throws(ProofError) -> LogsBloom {
        guard let bloom = LogsBloom(bytes: try bytes()) else { throw invalid("expected 256 bytes") }
        return bloom
    }

    func uint256() throws(ProofError) -> UInt256 {
        let text = try string()
        do { return try UInt256(hexQuantity: text) } catch { throw invalid("\(error)") }
    }

    func uint64() throws(ProofError) -> UInt64 {
        let text = try string()
        do { return try UInt64(hexQuantity: text) } catch { throw invalid("\(error)") }
    }

    func invalid(_ reason: String) -> ProofError { ProofError(.malformed, "\(path): \(reason)") }
}
