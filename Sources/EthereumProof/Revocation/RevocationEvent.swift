public import EthereumCore

/// The event by which a contract says that a key is dead, and where in the log it names owner and message.
public struct RevocationEvent: Hashable, Sendable {
    /// A 32-byte word of a log.
    public enum Word: Hashable, Sendable, CustomStringConvertible {
        /// An indexed argument: 1 to 3, since the first topic is the event's own.
        case topic(Int)
        /// A word of the data, from 0.
        case data(Int)

        static let topics = 1...3
        static let dataWords = 0...63

        /// `topics[2]` or `data[0]`.
        public var description: String {
            switch self {
            case .topic(let index): "topics[\(index)]"
            case .data(let index): "data[\(index)]"
            }
        }

        init?(_ text: String) {
            let all = Self.topics.map { Word.topic($0) } + Self.dataWords.map { Word.data($0) }
            guard let word = all.first(where: { $0.description.utf8.elementsEqual(text.utf8) }) else { return nil }
            self = word
        }

        var exists: Bool {
            switch self {
            case .topic(let index): Self.topics.contains(index)
            case .data(let index): Self.dataWords.contains(index)
            }
        }
    }

    /// The canonical signature, whose Keccak-256 is the log's first topic.
    public let signature: String
    /// Where the owner's address stands.
    public let owner: Word
    /// Where the message stands.
    public let message: Word

    /// Longest signature in bytes.
    public static let maxSignatureBytes = 256

    /// `KeyDisabled(address indexed owner, bytes32 indexed message)`, as of the reference contract.
    public static let keyDisabled = RevocationEvent(
        checked: "KeyDisabled(address,bytes32)", owner: .topic(1), message: .topic(2))

    /// - Parameter signature: Name and types as the ABI hashes them: no spaces, no names of arguments, no `indexed`.
    /// - Throws: ``ProofError`` of code `malformed`.
    public init(signature: String, owner: Word, message: Word) throws(ProofError) {
        let isPlain = signature.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: Array("_$(),[]".utf8).contains(byte)
            }
        }
        guard isPlain, signature.utf8.count <= Self.maxSignatureBytes, signature.utf8.last == UInt8(ascii: ")"),
            signature.utf8.contains(UInt8(ascii: "(")), owner.exists, message.exists, owner != message
        else { throw ProofError(.malformed, "the event is not one like KeyDisabled(address,bytes32)") }
        self.init(checked: signature, owner: owner, message: message)
    }

    private init(checked signature: String, owner: Word, message: Word) {
        self.signature = signature
        self.owner = owner
        self.message = message
    }

    /// The first topic of the event's logs.
    public var topic0: Bytes32 { Keccak256.hash(Array(signature.utf8)) }

    /// Whether the log is this event of `contract` about this owner's message.
    public func isIn(_ log: ConsensusLog, contract: Address, owner: Address, message: Bytes32) -> Bool {
        log.address == contract && log.topics.first == topic0
            && word(self.owner, of: log) == owner.word && word(self.message, of: log) == message
    }

    private func word(_ word: Word, of log: ConsensusLog) -> Bytes32? {
        switch word {
        case .topic(let index):
            return log.topics.indices.contains(index) ? log.topics[index] : nil
        case .data(let index):
            guard index >= 0, index < log.data.count / 32 else { return nil }
            return try? Bytes32(bytes: log.data[(32 * index)..<(32 * index + 32)])
        }
    }
}
