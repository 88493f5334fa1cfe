public import EthereumCore
public import StrictJSON

/// A receipt in the form whose hash a block commits to (EIP-2718, EIP-658): `type || rlp([status, cumulativeGasUsed,
/// logsBloom, logs])`, without the type byte for legacy transactions.
public struct ConsensusReceipt: Hashable, Sendable {
    /// How the transaction ended.
    public enum Outcome: Hashable, Sendable {
        /// Whether it succeeded (EIP-658, since Byzantium).
        case status(Bool)
        /// The state's root after it; before Byzantium a receipt does not tell whether the transaction succeeded.
        case stateRoot(Bytes32)
    }

    /// What the receipt of an OP-stack deposit commits to besides, since its Canyon fork.
    public struct Deposit: Hashable, Sendable {
        public let nonce: UInt64
        public let version: UInt64
    }

    /// The type of an OP-stack deposit, the first transaction of every block there.
    public static let depositType: UInt8 = 0x7e

    /// Largest receipt that is read, in bytes.
    public static let maxBytes = 4 << 20

    /// Type of the transaction (EIP-2718): 0 for legacy, 1 to 4 on Ethereum, others elsewhere.
    public let type: UInt8
    /// How the transaction ended.
    public let outcome: Outcome
    /// Gas used by the block up to and including this transaction.
    public let cumulativeGasUsed: UInt64
    /// Filter of the logs.
    public let logsBloom: LogsBloom
    /// Logs in the order in which they were written.
    public let logs: [ConsensusLog]
    /// Set in deposits of the OP stack since Canyon.
    public let deposit: Deposit?

    /// Reads the encoding; only the exact form is accepted.
    ///
    /// - Throws: ``ProofError`` of code `malformed` or `tooLarge`.
    public init(decoding bytes: [UInt8]) throws(ProofError) {
        guard bytes.count <= Self.maxBytes else {
            throw ProofError(.tooLarge, "the receipt has \(bytes.count) bytes, more than \(Self.maxBytes)")
        }
        guard let first = bytes.first else { throw ProofError(.malformed, "the receipt is empty") }
        guard first >= 0xc0 || (1...0x7f).contains(first) else {
            throw ProofError(.malformed, "the receipt begins with a byte that is no transaction type (EIP-2718)")
        }
        type = first >= 0xc0 ? 0 : first
        let item: RLPItem
        do { item = try RLP.decode(type == 0 ? bytes[...] : bytes.dropFirst()) } catch {
            throw ProofError(.malformed, "the receipt is malformed: \(error)")
        }
        let fields = try RLPFields(item, of: "the receipt", count: 4...(type == Self.depositType ? 6 : 4))
        outcome = try Self.outcome(try fields.bytes(0))
        cumulativeGasUsed = try fields.uint64(1)
        logsBloom = try fields.bloom(2)
        var logs: [ConsensusLog] = []
        for log in try fields.list(3) { logs.append(try ConsensusLog(log)) }
        self.logs = logs
        switch fields.fields.count {
        case 4: deposit = nil
        case 6: deposit = Deposit(nonce: try fields.uint64(4), version: try fields.uint64(5))
        default: throw ProofError(.malformed, "the receipt of a deposit has a nonce without a version")
        }
    }

    /// Reads an element of the result of `eth_getBlockReceipts`, or the result of `eth_getTransactionReceipt`.
    ///
    /// What JSON-RPC adds to a receipt is passed over. A missing `type` means legacy, as nodes wrote it before Berlin.
    ///
    /// - Throws: ``ProofError`` of code `malformed`; it names the member.
    public init(json: JSON) throws(ProofError) {
        try self.init(AnswerReader(json: json, path: "receipt"))
    }

    init(_ reader: AnswerReader) throws(ProofError) {
        let type = try reader.optional("type")?.uint64() ?? 0
        guard type <= 0x7f else { throw reader.invalid("\(type) is no transaction type (EIP-2718)") }
        self.type = UInt8(type)
        if let status = try reader.optional("status") {
            let value = try status.uint64()
            guard value <= 1 else { throw status.invalid("expected 0x0 or 0x1") }
            outcome = .status(value == 1)
        } else {
            outcome = .stateRoot(try reader.member("root").bytes32())
        }
        cumulativeGasUsed = try reader.member("cumulativeGasUsed").uint64()
        logsBloom = try reader.member("logsBloom").bloom()
        var logs: [ConsensusLog] = []
        for log in try reader.member("logs").elements() { logs.append(try ConsensusLog(log)) }
        self.logs = logs
        if self.type == Self.depositType, let version = try reader.optional("depositReceiptVersion") {
            deposit = Deposit(nonce: try reader.member("depositNonce").uint64(), version: try version.uint64())
        } else {
            deposit = nil
        }
    }

    /// The consensus encoding: the value in the trie of receipts.
    public var encoded: [UInt8] {
        let result: [UInt8] =
            switch outcome {
            case .status(let succeeded): succeeded ? [1] : []
            case .stateRoot(let root): root.bytes
            }
        var fields: [RLPItem] = [
            .bytes(result), .uint(cumulativeGasUsed), .bytes(logsBloom.bytes), .list(logs.map(\.item)),
        ]
        if let deposit { fields += [.uint(deposit.nonce), .uint(deposit.version)] }
        return (type == 0 ? [] : [type]) + RLP.encode(.list(fields))
    }

    /// Whether the filter is the one of the logs.
    public var hasRightBloom: Bool { logsBloom == LogsBloom(logs) }

    private static func outcome(_ bytes: [UInt8]) throws(ProofError) -> Outcome {
        switch bytes {
        case []: return .status(false)
        case [1]: return .status(true)
        default:
            guard let root = try? Bytes32(bytes: bytes) else {
                throw ProofError(.malformed, "the receipt has neither status nor state root")
            }
            return .stateRoot(root)
        }
    }
}
