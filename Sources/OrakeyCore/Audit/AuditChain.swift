import EthereumCore
import EthereumWallet

/// How records are chained. All that is hashed begins with a byte that says what it is and has fixed lengths up to the
/// body, so that no two things can have the same preimage.
enum AuditChain {
    private static let recordMark: UInt8 = 1
    private static let sealMark: UInt8 = 2

    /// The key of one epoch. It can make records of its epoch and nothing else, so it may outlive a lock.
    static func key(of epoch: Bytes32, from auditKey: SecretBytes) -> SecretBytes {
        HMACSHA256.derivedKey(Array("epoch".utf8) + epoch.bytes, from: auditKey)
    }

    /// The next record.
    static func entry(
        _ body: [UInt8], after head: AuditHead, epoch: Bytes32?, key: SecretBytes?
    ) -> AuditEntry {
        let sequence = head.sequence + 1
        return AuditEntry(
            sequence: sequence, epoch: epoch, body: body,
            code: code(body, sequence: sequence, epoch: epoch, previous: head.code, key: key))
    }

    static func code(
        _ body: [UInt8], sequence: Int64, epoch: Bytes32?, previous: Bytes32, key: SecretBytes?
    ) -> Bytes32 {
        var preimage = [recordMark]
        preimage.reserveCapacity(body.count + 74)
        preimage += previous.bytes
        preimage += bigEndian(sequence)
        preimage += epoch.map { [1] + $0.bytes } ?? [0]
        preimage += body
        guard let key else { return SHA256.hash(preimage) }
        return HMACSHA256.authenticationCode(for: preimage, key: key)
    }

    static func tag(sequence: Int64, code: Bytes32, key: SecretBytes) -> Bytes32 {
        HMACSHA256.authenticationCode(for: [sealMark] + bigEndian(sequence) + code.bytes, key: key)
    }

    /// The head once `entry` is the last record.
    static func head(_ head: AuditHead, with entry: AuditEntry, key: SecretBytes?) -> AuditHead {
        var next = AuditHead(sequence: entry.sequence, code: entry.code, seal: head.seal)
        if let key, let epoch = entry.epoch {
            next.seal = AuditHead.Seal(
                sequence: entry.sequence, code: entry.code, epoch: epoch,
                tag: tag(sequence: entry.sequence, code: entry.code, key: key))
        }
        return next
    }

    private static func bigEndian(_ number: Int64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
    }
}
