import EthereumCore
import StrictJSON

/// Reads one value of an answer in Ethereum's encodings (execution-apis, base types) and remembers where it stands.
///
/// Unknown members are passed over: every chain adds its own.
struct AnswerReader {
    let json: JSON
    let path: String

    init(_ json: JSON, path: String = "result") {
        self.json = json
        self.path = path
    }

    // MARK: Moving about

    func member(_ key: String) throws(RPCDecodingError) -> AnswerReader {
        guard let object = json.objectValue else { throw expected("an object") }
        guard let value = object[key] else { throw RPCDecodingError(path: "\(path).\(key)", reason: "missing") }
        return AnswerReader(value, path: "\(path).\(key)")
    }

    /// Nil when the member is missing or null.
    func optional(_ key: String) throws(RPCDecodingError) -> AnswerReader? {
        guard let object = json.objectValue else { throw expected("an object") }
        guard let value = object[key], !value.isNull else { return nil }
        return AnswerReader(value, path: "\(path).\(key)")
    }

    func elements() throws(RPCDecodingError) -> [AnswerReader] {
        guard let array = json.arrayValue else { throw expected("an array") }
        return array.enumerated().map { AnswerReader($0.element, path: "\(path)[\($0.offset)]") }
    }

    func list<T>(_ read: (AnswerReader) throws(RPCDecodingError) -> T) throws(RPCDecodingError) -> [T] {
        var values: [T] = []
        for element in try elements() { values.append(try read(element)) }
        return values
    }

    // MARK: Values

    func uint64() throws(RPCDecodingError) -> UInt64 {
        let text = try string()
        do { return try UInt64(hexQuantity: text) } catch { throw invalid("\(error)") }
    }

    /// A height, a time, a nonce or an amount of gas. No chain counts as far as the bound, below which nobody who adds
    /// to such a number has to fear its overflow.
    func count() throws(RPCDecodingError) -> UInt64 {
        let count = try uint64()
        guard count < Self.countBound else { throw invalid("larger than anything a chain counts") }
        return count
    }

    private static let countBound: UInt64 = 1 << 48

    func uint256() throws(RPCDecodingError) -> UInt256 {
        let text = try string()
        do { return try UInt256(hexQuantity: text) } catch { throw invalid("\(error)") }
    }

    func bytes32() throws(RPCDecodingError) -> Bytes32 {
        let text = try string()
        do { return try Bytes32(hex: text) } catch { throw invalid("\(error)") }
    }

    /// In any case: nobody types an answer, and clients differ in whether they write the checksum of EIP-55, and whose.
    func address() throws(RPCDecodingError) -> Address {
        let bytes = try bytes()
        do { return try Address(bytes: bytes) } catch { throw invalid("\(error)") }
    }

    func bytes() throws(RPCDecodingError) -> [UInt8] {
        let text = try string()
        do { return try Hex.decode(text, prefix: .required) } catch { throw invalid("\(error)") }
    }

    func string() throws(RPCDecodingError) -> String {
        guard let text = json.stringValue else { throw expected("a string") }
        return text
    }

    func bool() throws(RPCDecodingError) -> Bool {
        guard let value = json.boolValue else { throw expected("a boolean") }
        return value
    }

    func double() throws(RPCDecodingError) -> Double {
        guard let value = json.numberValue?.double else { throw expected("a number") }
        return value
    }

    func expected(_ what: String) -> RPCDecodingError { invalid("expected \(what), found \(json.kindName)") }
    func invalid(_ reason: String) -> RPCDecodingError { RPCDecodingError(path: path, reason: reason) }
}
