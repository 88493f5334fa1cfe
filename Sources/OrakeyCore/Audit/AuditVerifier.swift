public import EthereumCore
public import EthereumWallet
public import OrakeyKey
import StrictJSON

/// Goes through an audit from its first record to its last and says what is wrong with it.
///
/// Whoever can write the journal but does not have the wallet can't make, change, move or remove a record without this
/// noticing. Two things it can't see alone: a whole journal put back to an older copy of itself, and changes to records
/// that no later one with a key covers yet.
public struct AuditVerifier {
    /// What does not fit.
    public enum Problem: Sendable, Equatable, CustomStringConvertible {
        /// The record's code is not that of its contents at its place.
        case altered(Int64)
        /// These records are not there.
        case missing(ClosedRange<Int64>)
        /// Records before this one are missing, and no record says that they were let go of.
        case beginningMissing(first: Int64)
        /// The head names a record further on than the last: the tail was cut off.
        case cutOff(last: Int64, head: Int64)
        /// There are records after the one the head names.
        case beyondHead(last: Int64, head: Int64)
        /// The head is missing or was not made with this wallet.
        case badHead
        /// A record that was to be there is not, or is another.
        case notContained(Int64)

        public var description: String {
            switch self {
            case .altered(let number): "record \(number) was altered, or stands in another's place"
            case .missing(let range) where range.lowerBound == range.upperBound: "record \(range.lowerBound) is missing"
            case .missing(let range): "records \(range.lowerBound) to \(range.upperBound) are missing"
            case .beginningMissing(let first): "the records before \(first) are missing"
            case .cutOff(let last, let head): "the end was cut off: the last record is \(last), the head says \(head)"
            case .beyondHead(let last, let head):
                "there are records up to \(last), and the head says \(head)"
            case .badHead: "the head is missing or was not made with this wallet"
            case .notContained(let number): "record \(number) is not the one it is said to be"
            }
        }
    }

    /// A block that a record claims to know.
    public struct Anchor: Sendable, Equatable {
        public let sequence: Int64
        public let network: NetworkName
        public let block: UInt64
        public let hash: Bytes32
    }

    /// What was found.
    public struct Report: Sendable {
        public var records: Int64 = 0
        public var first: Int64 = 0
        public var last: Int64 = 0
        /// Records at the end that no key covers yet: the wallet has not been unlocked since.
        public var unsealed: Int64 = 0
        public var anchors: [Anchor] = []
        public var problems: [Problem] = []

        public var isIntact: Bool { problems.isEmpty }
        /// Whether not one record with a code is this wallet's.
        public var isForeign = false
    }

    /// The most problems that are told one by one.
    static let mostProblems = 1000

    private let auditKey: SecretBytes
    private let head: AuditHead
    private let expected: [Int64: Bytes32]
    private var keys: [Bytes32: SecretBytes] = [:]
    private var report = Report()
    private var opening: AuditEntry?
    private var previous: Bytes32?
    private var base = AuditBase.beginning
    private var lastSealed: Int64 = 0
    private var isSealInPlace = false
    private var found: Set<Int64> = []
    private var genuine: Int64 = 0

    /// - Parameters:
    ///   - auditKey: the wallet's ``UnlockedWallet/auditKey()``.
    ///   - head: the head that the journal holds.
    ///   - expected: codes of records as they were noted elsewhere, by sequence.
    public init(auditKey: SecretBytes, head: AuditHead?, expecting expected: [Int64: Bytes32] = [:]) {
        self.auditKey = auditKey
        self.head = head ?? .empty
        self.expected = expected
    }

    /// Takes the next record, in the order of their sequence.
    public mutating func take(_ entry: AuditEntry) {
        // No record has such a number, and reckoning with one could overflow.
        guard entry.sequence > 0 else { return note(.altered(entry.sequence)) }
        defer {
            previous = entry.code
            report.last = entry.sequence
            report.records += 1
        }
        if let expectedCode = expected[entry.sequence], expectedCode == entry.code { found.insert(entry.sequence) }
        if let seal = head.seal, seal.sequence == entry.sequence {
            isSealInPlace = seal.code == entry.code && seal.epoch == entry.epoch
        }
        if entry.epoch != nil { lastSealed = entry.sequence }
        guard let previous else {
            report.first = entry.sequence
            opening = entry
            return read(entry)
        }
        if entry.sequence != report.last + 1 {
            note(.missing(report.last + 1...entry.sequence - 1))
        } else {
            check(entry, after: previous)
        }
        read(entry)
    }

    private mutating func check(_ entry: AuditEntry, after previous: Bytes32) {
        let code = AuditChain.code(
            entry.body, sequence: entry.sequence, epoch: entry.epoch, previous: previous, key: key(of: entry.epoch))
        if code != entry.code {
            note(.altered(entry.sequence))
        } else if entry.epoch != nil {
            genuine += 1
        }
    }

    private mutating func key(of epoch: Bytes32?) -> SecretBytes? {
        guard let epoch else { return nil }
        if let known = keys[epoch] { return known }
        // One at a time is in use; a run is an epoch, and there may be very many.
        if keys.count > 64 { keys = [:] }
        let key = AuditChain.key(of: epoch, from: auditKey)
        keys[epoch] = key
        return key
    }

    private mutating func note(_ problem: Problem) {
        if report.problems.count < Self.mostProblems { report.problems.append(problem) }
    }

    /// Takes out of a record what the check as a whole needs.
    private mutating func read(_ entry: AuditEntry) {
        guard let json = try? JSON.parse(entry.body) else { return note(.altered(entry.sequence)) }
        switch json["event"]?.stringValue {
        case "pruned":
            guard let first = json["first"]?.numberValue?.integer(Int64.self),
                let previous = json["previous"]?.stringValue.flatMap({ try? Bytes32(hex: $0) })
            else { return }
            base = AuditBase(first: first, previous: previous)
        case "anchor":
            guard let network = json["network"]?.stringValue.flatMap({ try? NetworkName($0) }),
                let block = json["block"]?.numberValue?.integer(UInt64.self),
                let hash = json["hash"]?.stringValue.flatMap({ try? Bytes32(hex: $0) })
            else { return }
            report.anchors.append(Anchor(sequence: entry.sequence, network: network, block: block, hash: hash))
        default: break
        }
    }

    /// The result, once every record was taken.
    public consuming func finish() -> Report {
        if let opening {
            if opening.sequence == base.first {
                check(opening, after: base.previous)
            } else {
                note(.beginningMissing(first: opening.sequence))
            }
        }
        if report.last < head.sequence { note(.cutOff(last: report.last, head: head.sequence)) }
        if report.last > head.sequence { note(.beyondHead(last: report.last, head: head.sequence)) }
        if report.last == head.sequence, let previous, previous != head.code { note(.badHead) }
        checkSeal()
        for number in expected.keys.sorted() where !found.contains(number) { note(.notContained(number)) }
        report.unsealed = report.last - lastSealed
        report.isForeign = lastSealed > 0 && genuine == 0
        return report
    }

    private mutating func checkSeal() {
        guard let seal = head.seal else {
            if lastSealed > 0 { note(.badHead) }
            return
        }
        let key = AuditChain.key(of: seal.epoch, from: auditKey)
        let isGenuine = seal.tag == AuditChain.tag(sequence: seal.sequence, code: seal.code, key: key)
        guard isGenuine, seal.sequence >= lastSealed else { return note(.badHead) }
        if !isSealInPlace, seal.sequence <= report.last { note(.altered(seal.sequence)) }
        if seal.sequence > report.last, seal.sequence > head.sequence {
            note(.cutOff(last: report.last, head: seal.sequence))
        }
    }
}
