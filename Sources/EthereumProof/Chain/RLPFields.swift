import EthereumCore

/// The fields of a decoded list, read by position and exact form.
struct RLPFields {
    let fields: [RLPItem]
    let owner: String

    init(_ item: RLPItem, of owner: String, count: ClosedRange<Int>) throws(ProofError) {
        guard case .list(let fields) = item, count.contains(fields.count) else {
            throw ProofError(.malformed, "\(owner) is not an RLP list of the right length")
        }
        self.init(fields, of: owner)
    }

    init(_ fields: [RLPItem], of owner: String) {
        self.fields = fields
        self.owner = owner
    }

    func bytes(_ index: Int) throws(ProofError) -> [UInt8] {
        guard case .bytes(let bytes) = fields[index] else { throw invalid(index, "is a list") }
        return bytes
    }

    func bytes(_ index: Int, count: Int) throws(ProofError) -> [UInt8] {
        let bytes = try bytes(index)
        guard bytes.count == count else { throw invalid(index, "has \(bytes.count) bytes instead of \(count)") }
        return bytes
    }

    func list(_ index: Int) throws(ProofError) -> [RLPItem] {
        guard case .list(let items) = fields[index] else { throw invalid(index, "is no list") }
        return items
    }

    func bytes32(_ index: Int) throws(ProofError) -> Bytes32 {
        do { return try Bytes32(bytes: try bytes(index)) } catch { throw invalid(index, "has not 32 bytes") }
    }

    func address(_ index: Int) throws(ProofError) -> Address {
        do { return try Address(bytes: try bytes(index)) } catch { throw invalid(index, "is no address") }
    }

    func bloom(_ index: Int) throws(ProofError) -> LogsBloom {
        guard let bloom = LogsBloom(bytes: try bytes(index)) else { throw invalid(index, "has not 256 bytes") }
        return bloom
    }

    func uint256(_ index: Int) throws(ProofError) -> UInt256 {
        let bytes = try bytes(index)
        guard bytes.first != 0, bytes.count <= 32, let value = UInt256(bigEndian: bytes) else {
            throw invalid(index, "is no integer")
        }
        return value
    }

    func uint64(_ index: Int) throws(ProofError) -> UInt64 {
        guard let value = UInt64(exactly: try uint256(index)) else { throw invalid(index, "does not fit into 64 bits") }
        return value
    }

    private func invalid(_ index: Int, _ what: String) -> ProofError {
        ProofError(.malformed, "field \(index + 1) of \(owner) \(what)")
    }
}
