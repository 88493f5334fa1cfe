/// Takes the fields of a transaction's list in order; every integer must be minimal and fit.
struct FieldReader {
    private var items: IndexingIterator<[RLPItem]>

    init(_ item: RLPItem, count: Int) throws(TransactionError) {
        guard case .list(let items) = item else { throw .notAList }
        guard items.count == count else { throw .wrongFieldCount(expected: count, found: items.count) }
        self.items = items.makeIterator()
    }

    /// The next field, whatever it is; the count was checked.
    mutating func next() -> RLPItem { items.next() ?? .bytes([]) }

    mutating func bytes(_ field: TransactionField) throws(TransactionError) -> [UInt8] {
        guard case .bytes(let bytes) = next() else { throw .field(field, .isAList) }
        return bytes
    }

    mutating func uint256(_ field: TransactionField) throws(TransactionError) -> UInt256 {
        let bytes = try bytes(field)
        if bytes.first == 0 { throw .field(field, .leadingZero) }
        guard let value = UInt256(bigEndian: bytes) else { throw .field(field, .tooLarge(bits: 256)) }
        return value
    }

    mutating func uint64(_ field: TransactionField) throws(TransactionError) -> UInt64 {
        guard let value = UInt64(exactly: try uint256(field)) else { throw .field(field, .tooLarge(bits: 64)) }
        return value
    }

    mutating func address(_ field: TransactionField) throws(TransactionError) -> Address? {
        let bytes = try bytes(field)
        if bytes.isEmpty { return nil }
        guard let address = try? Address(bytes: bytes) else { throw .field(field, .wrongLength(expected: 20)) }
        return address
    }

    mutating func yParity() throws(TransactionError) -> UInt8 {
        let value = try uint256(.yParity)
        guard value <= 1 else { throw .field(.yParity, .invalid) }
        return value.isZero ? 0 : 1
    }

    mutating func signature(yParity: UInt8) throws(TransactionError) -> RawSignature {
        let r = Bytes32(try uint256(.r))
        let s = Bytes32(try uint256(.s))
        guard r != .zero, r < Secp256k1.order else { throw .signature(.rOutOfRange) }
        guard s != .zero, s < Secp256k1.order else { throw .signature(.sOutOfRange) }
        return RawSignature(r: r, s: s, yParity: yParity)
    }
}

/// A signature as it is in a transaction's bytes: s may be in the upper half, which Frontier allowed.
public struct RawSignature: Hashable, Sendable {
    /// x coordinate of the point, as a scalar.
    public let r: Bytes32
    /// The proof, in either half of the group.
    public let s: Bytes32
    /// 0 for an even y, 1 for an odd one; in legacy transactions part of v.
    public let yParity: UInt8

    init(r: Bytes32, s: Bytes32, yParity: UInt8) {
        self.r = r
        self.s = s
        self.yParity = yParity
    }

    init(_ signature: Signature) { self.init(r: signature.r, s: signature.s, yParity: signature.yParity) }

    /// Whether s is in the upper half of the group (refused since EIP-2).
    public var hasHighS: Bool { s > Secp256k1.halfOrder }

    /// The same signer's signature with low s: n - s with the other parity.
    func normalized() throws(SignatureError) -> Signature {
        guard hasHighS else { return try Signature(r: r, s: s, yParity: yParity) }
        let low = Bytes32(UInt256(Secp256k1.order) - UInt256(s))
        return try Signature(r: r, s: low, yParity: 1 - yParity)
    }

    /// y parity, r, s at the end of a typed transaction.
    var fields: [RLPItem] { [.uint(UInt64(yParity)), .uint(UInt256(r)), .uint(UInt256(s))] }
}

extension RLPItem {
    static func address(_ address: Address?) -> RLPItem { .bytes(address?.bytes ?? []) }
}
