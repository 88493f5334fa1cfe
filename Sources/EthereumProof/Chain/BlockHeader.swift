public import EthereumCore
public import StrictJSON

/// A block's header (Yellow Paper, section 4.3, and the fields of later forks), whose RLP hashes to the block's hash.
public struct BlockHeader: Hashable, Sendable {
    /// Largest header that is read, in bytes; proof-of-authority chains keep signatures in `extraData`.
    public static let maxBytes = 64 << 10

    /// Hash of the block before.
    public let parentHash: Bytes32
    /// Hash of the list of ommers (`sha3Uncles`).
    public let ommersHash: Bytes32
    /// Receiver of the fees (`miner`).
    public let beneficiary: Address
    /// Root of the state after the block.
    public let stateRoot: Bytes32
    /// Root of the trie of transactions.
    public let transactionsRoot: Bytes32
    /// Root of the trie of receipts.
    public let receiptsRoot: Bytes32
    /// Filter of all logs of the block.
    public let logsBloom: LogsBloom
    /// Difficulty; 0 since the merge.
    public let difficulty: UInt256
    /// Height.
    public let number: UInt64
    /// Gas that fits into the block.
    public let gasLimit: UInt64
    /// Gas used by the block.
    public let gasUsed: UInt64
    /// Seconds since 1970.
    public let timestamp: UInt64
    /// Whatever the producer wrote.
    public let extraData: [UInt8]
    /// Proof of work, or the beacon chain's randomness (EIP-4399).
    public let mixHash: Bytes32
    /// Proof of work, 8 bytes.
    public let nonce: [UInt8]
    /// The fields of London and later, as far as the block has them.
    public let later: LaterFields

    /// Fields that forks have added at the end of headers, in this order. One is there only if all before it are.
    public struct LaterFields: Hashable, Sendable {
        /// Wei per gas that is burnt (EIP-1559, London).
        public var baseFeePerGas: UInt256?
        /// Root of the trie of withdrawals (EIP-4895, Shanghai).
        public var withdrawalsRoot: Bytes32?
        /// Gas of blobs used (EIP-4844, Cancun).
        public var blobGasUsed: UInt64?
        /// Running excess of blob gas (EIP-4844, Cancun).
        public var excessBlobGas: UInt64?
        /// Root of the parent's beacon block (EIP-4788, Cancun).
        public var parentBeaconBlockRoot: Bytes32?
        /// Hash of the requests to the beacon chain (EIP-7685, Prague).
        public var requestsHash: Bytes32?
        /// Fields of forks that came later than this code, as they are encoded.
        public var unknown: [RLPItem] = []
    }

    /// Most fields of a header: the 21 of Prague, and room for forks to come.
    private static let maxFields = 32

    /// Reads the RLP of a header.
    ///
    /// - Throws: ``ProofError`` of code `malformed` or `tooLarge`.
    public init(decoding bytes: [UInt8]) throws(ProofError) {
        guard bytes.count <= Self.maxBytes else {
            throw ProofError(.tooLarge, "the header has \(bytes.count) bytes, more than \(Self.maxBytes)")
        }
        let item: RLPItem
        do { item = try RLP.decode(bytes, limits: RLPLimits(maxDepth: 4, maxItems: 1024)) } catch {
            throw ProofError(.malformed, "the header is malformed: \(error)")
        }
        let fields = try RLPFields(item, of: "the header", count: 15...Self.maxFields)
        parentHash = try fields.bytes32(0)
        ommersHash = try fields.bytes32(1)
        beneficiary = try fields.address(2)
        stateRoot = try fields.bytes32(3)
        transactionsRoot = try fields.bytes32(4)
        receiptsRoot = try fields.bytes32(5)
        logsBloom = try fields.bloom(6)
        difficulty = try fields.uint256(7)
        number = try fields.uint64(8)
        gasLimit = try fields.uint64(9)
        gasUsed = try fields.uint64(10)
        timestamp = try fields.uint64(11)
        extraData = try fields.bytes(12)
        mixHash = try fields.bytes32(13)
        nonce = try fields.bytes(14, count: 8)
        later = try LaterFields(fields)
    }

    /// Reads the result of `eth_getBlockByNumber` or `eth_getBlockByHash` and checks that it hashes to its `hash`.
    ///
    /// - Throws: ``ProofError`` of code `malformed`, which names the member, or `wrongHeader` where the hash differs:
    ///   the node is wrong, or the chain's headers have fields that this code does not know.
    public init(json: JSON) throws(ProofError) {
        let reader = AnswerReader(json: json, path: "block")
        parentHash = try reader.member("parentHash").bytes32()
        ommersHash = try reader.member("sha3Uncles").bytes32()
        beneficiary = try reader.member("miner").address()
        stateRoot = try reader.member("stateRoot").bytes32()
        transactionsRoot = try reader.member("transactionsRoot").bytes32()
        receiptsRoot = try reader.member("receiptsRoot").bytes32()
        logsBloom = try reader.member("logsBloom").bloom()
        difficulty = try reader.member("difficulty").uint256()
        number = try reader.member("number").uint64()
        gasLimit = try reader.member("gasLimit").uint64()
        gasUsed = try reader.member("gasUsed").uint64()
        timestamp = try reader.member("timestamp").uint64()
        extraData = try reader.member("extraData").bytes()
        mixHash = try reader.member("mixHash").bytes32()
        nonce = try reader.member("nonce").bytes(count: 8)
        later = try LaterFields(reader)
        let claimed = try reader.member("hash").bytes32()
        guard hash == claimed else {
            throw ProofError(
                .wrongHeader,
                "the header of block \(number) hashes to \(hash), not to \(claimed) as the node says: "
                    + "the answer is wrong, or the chain has header fields that are not known here")
        }
    }

    /// The RLP of the header.
    public var encoded: [UInt8] {
        RLP.encode(
            .list(
                [
                    .bytes(parentHash.bytes), .bytes(ommersHash.bytes), .bytes(beneficiary.bytes),
                    .bytes(stateRoot.bytes), .bytes(transactionsRoot.bytes), .bytes(receiptsRoot.bytes),
                    .bytes(logsBloom.bytes), .uint(difficulty), .uint(number), .uint(gasLimit), .uint(gasUsed),
                    .uint(timestamp), .bytes(extraData), .bytes(mixHash.bytes), .bytes(nonce),
                ] + later.items))
    }

    /// The block's hash: Keccak-256 of ``encoded``.
    public var hash: Bytes32 { Keccak256.hash(encoded) }
}
