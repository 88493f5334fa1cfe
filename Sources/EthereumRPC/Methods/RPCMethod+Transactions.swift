public import EthereumCore
import StrictJSON

extension RPCMethod where Response == Bytes32 {
    /// `eth_sendRawTransaction`: hands signed bytes to an endpoint; the result is the transaction's hash.
    ///
    /// Never repeated by the client once an endpoint may have seen it. ``RPCErrorClass/alreadyKnown`` means that the
    /// endpoint has it.
    public static func sendRawTransaction(_ raw: [UInt8]) -> RPCMethod<Bytes32> {
        RPCMethod("eth_sendRawTransaction", [.string(Hex.encodePrefixed(raw))], effect: .broadcast) {
            (reader) throws(RPCDecodingError) in try reader.bytes32()
        }
    }

    /// `eth_getStorageAt`: one word of a contract's storage. Without a block the endpoint takes its head.
    public static func storageAt(_ address: Address, _ slot: Bytes32, _ block: BlockID? = .latest) -> RPCMethod<Bytes32>
    {
        RPCMethod(
            "eth_getStorageAt", [.string(address.lowercaseHex), .string(slot.hex)] + (block.map { [$0.json] } ?? []),
            agreement: .state(2, block)
        ) { (reader) throws(RPCDecodingError) in
            // Some clients leave out leading zeros.
            let bytes = try reader.bytes()
            guard bytes.count <= 32,
                let word = try? Bytes32(bytes: [UInt8](repeating: 0, count: 32 - bytes.count) + bytes)
            else { throw reader.invalid("more than 32 bytes") }
            return word
        }
    }
}

extension RPCMethod where Response == RPCTransaction? {
    /// `eth_getTransactionByHash`; nil where the endpoint does not know it.
    public static func transaction(_ hash: Bytes32) -> RPCMethod<RPCTransaction?> {
        RPCMethod(
            "eth_getTransactionByHash", [.string(hash.hex)],
            agreement: .exact(parts: Agreed.transaction)
        ) { (reader) throws(RPCDecodingError) in reader.json.isNull ? nil : try RPCTransaction(reader) }
    }
}

extension RPCMethod where Response == Receipt? {
    /// `eth_getTransactionReceipt`; nil while the transaction is not mined.
    public static func receipt(_ hash: Bytes32) -> RPCMethod<Receipt?> {
        RPCMethod(
            "eth_getTransactionReceipt", [.string(hash.hex)], agreement: .exact(parts: Agreed.receipt)
        ) { (reader) throws(RPCDecodingError) in reader.json.isNull ? nil : try Receipt(reader) }
    }
}

extension RPCMethod where Response == [Receipt]? {
    /// `eth_getBlockReceipts`: all receipts of a block in order; nil where the endpoint has no such block.
    public static func blockReceipts(_ block: BlockID) -> RPCMethod<[Receipt]?> {
        let parts: @Sendable (JSON) -> JSON = { result in
            result.arrayValue.map { .array($0.map(Agreed.receipt)) } ?? .null
        }
        var reference = block.json
        // Older servers of this method know no EIP-1898 object.
        if case .hash(let hash) = block { reference = .string(hash.hex) }
        return RPCMethod(
            "eth_getBlockReceipts", [reference],
            agreement: block.isMoving ? .atBlock(index: 0, tag: block, parts: parts) : .exact(parts: parts)
        ) { (reader) throws(RPCDecodingError) in reader.json.isNull ? nil : try reader.list(Receipt.init) }
    }
}

extension RPCMethod where Response == [Log] {
    /// `eth_getLogs`. Where an endpoint limits ranges, the error is of class ``RPCErrorClass/rangeTooLarge``.
    public static func logs(_ filter: LogFilter) -> RPCMethod<[Log]> {
        RPCMethod("eth_getLogs", [filter.json], agreement: .exact(parts: Agreed.logs)) {
            (reader) throws(RPCDecodingError) in try reader.list(Log.init)
        }
    }
}
