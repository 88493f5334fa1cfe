import EthereumCore
import Foundation
import Fuzzing
import StrictJSON
import Testing

/// Random cases with this module's answers, which Tests/oracles/test_core.py compares with those of other
/// implementations. ORAKEY_CORE_CASES names the file; without it the cases are only made.
@Suite struct OracleCases {
    private static let file = ProcessInfo.processInfo.environment["ORAKEY_CORE_CASES"]
    private static let count = file == nil ? 20 : 2_000

    @Test func write() throws {
        var random = Randomness()
        let cases: JSON = [
            "keys": try list(Self.count) { try key(&random) },
            "messages": list(Self.count) { message(&random) },
            "keccak": list(Self.count) { keccak(&random) },
            "base58": list(Self.count) { base58(&random) },
            "rlp": list(Self.count) { rlp(&random) },
            "rlpInputs": list(4 * Self.count) { rlpInput(&random) },
            "contracts": try list(Self.count) { try contract(&random) },
            "numbers": list(Self.count) { numbers(&random) },
            "transactions": try list(Self.count / 2) { try transaction(&random) },
        ]
        guard let file = Self.file else { return }
        try Data(cases.serialize()).write(to: URL(fileURLWithPath: file))
    }

    private func list(_ count: Int, _ make: () throws -> JSON) rethrows -> JSON {
        .array(try (0..<count).map { _ in try make() })
    }

    private func hex(_ bytes: [UInt8]) -> JSON { .string(Hex.encode(bytes)) }

    private func key(_ random: inout Randomness) throws -> JSON {
        let key = random.bytes(32)
        let digest = Keccak256.hash(random.bytes(8))
        let owner = try #require(key.withUnsafeBytes { Secp256k1.publicKey(privateKey: $0) })
        let signature = try #require(key.withUnsafeBytes { Secp256k1.sign(digest: digest, privateKey: $0) })
        return [
            "key": hex(key), "digest": hex(digest.bytes), "address": .string(owner.address.description),
            "compressed": hex(owner.compressed), "signature": hex(signature.serialized65),
            "recovered": .string(try signature.recoverAddress(digest: digest).description),
        ]
    }

    private func message(_ random: inout Randomness) -> JSON {
        let message = random.bytes(random.below(4) == 0 ? 32 : random.below(1_200))
        return ["message": hex(message), "digest": hex(EIP191.digest(personalMessage: message).bytes)]
    }

    private func keccak(_ random: inout Randomness) -> JSON {
        let message = random.bytes(random.below(500))
        return ["message": hex(message), "hash": hex(Keccak256.hash(message).bytes)]
    }

    private func base58(_ random: inout Randomness) -> JSON {
        let bytes = [UInt8](repeating: 0, count: random.below(4)) + random.bytes(random.below(250))
        return ["bytes": hex(bytes), "text": .string(Base58.encode(bytes))]
    }

    private func rlp(_ random: inout Randomness) -> JSON {
        let item = RLPTests.random(&random, depth: 0)
        func json(_ item: RLPItem) -> JSON {
            switch item {
            case .bytes(let bytes): hex(bytes)
            case .list(let items): .array(items.map(json))
            }
        }
        return ["item": json(item), "encoded": hex(RLP.encode(item))]
    }

    /// Bytes that are nearly canonical: each side says whether they are.
    private func rlpInput(_ random: inout Randomness) -> JSON {
        let bytes = Fuzz.mutated(RLP.encode(RLPTests.random(&random, depth: 2)), &random)
        return ["bytes": hex(bytes), "isCanonical": .bool((try? RLP.decode(bytes)) != nil)]
    }

    private func contract(_ random: inout Randomness) throws -> JSON {
        let sender = try Address(bytes: random.bytes(20))
        let nonce = random.next() >> UInt64(random.below(64))
        return [
            "sender": .string(sender.description), "nonce": .integer(nonce),
            "address": .string(Address.create(sender: sender, nonce: nonce).description),
        ]
    }

    /// Any length; half of them of limbs that make carries run far.
    private func number(_ random: inout Randomness) -> UInt256 {
        if random.coin() { return UInt256(bigEndian: random.bytes(random.below(33))) ?? 0 }
        return (0..<4).reduce(UInt256.zero) { value, _ in
            let limb = [0, 1, .max, .max - 1, 1 << 63, random.next()][random.below(6)]
            return value << 64 | UInt256(limb)
        }
    }

    private func numbers(_ random: inout Randomness) -> JSON {
        let a = number(&random)
        let b = max(number(&random), 1)
        func reported(_ result: (partialValue: UInt256, overflow: Bool)) -> JSON {
            [.string(result.partialValue.description), .bool(result.overflow)]
        }
        let division = a.quotientAndRemainder(dividingBy: b)
        let shift = random.below(256)
        return [
            "a": .string(a.description), "b": .string(b.description), "shift": .integer(shift),
            "sum": reported(a.addingReportingOverflow(b)), "difference": reported(a.subtractingReportingOverflow(b)),
            "product": reported(a.multipliedReportingOverflow(by: b)),
            "quotient": .string(division.quotient.description), "remainder": .string(division.remainder.description),
            "left": .string((a << shift).description), "right": .string((a >> shift).description),
            "hex": .string(a.hexQuantity),
        ]
    }

    private func transaction(_ random: inout Randomness) throws -> JSON {
        let transaction = try TransactionTests.random(&random)
        let key = random.bytes(32)
        let digest = transaction.signingDigest
        let signed = transaction.signed(
            with: try #require(key.withUnsafeBytes { Secp256k1.sign(digest: digest, privateKey: $0) }))
        var fields: JSONObject = [
            "nonce": .integer(transaction.nonce), "gas": .integer(transaction.gasLimit),
            "to": transaction.to.map { .string($0.description) } ?? "",
            "value": .number(try JSONNumber(literal: transaction.value.description)),
            "data": .string(Hex.encodePrefixed(transaction.data)),
        ]
        if let chainID = transaction.chainID { fields["chainId"] = .integer(chainID) }
        let maxFee = JSON.number(try JSONNumber(literal: transaction.maxFeePerGas.description))
        if case .dynamicFee = transaction {
            fields["maxFeePerGas"] = maxFee
            fields["maxPriorityFeePerGas"] = .number(
                try JSONNumber(literal: transaction.maxPriorityFeePerGas.description))
        } else {
            fields["gasPrice"] = maxFee
        }
        if transaction.type > 0 {
            fields["type"] = .integer(transaction.type)
            fields["accessList"] = .array(
                transaction.accessList.map { entry in
                    [
                        "address": .string(entry.address.description),
                        "storageKeys": .array(entry.storageKeys.map { .string($0.hex) }),
                    ]
                })
        }
        return [
            "fields": .object(fields), "key": hex(key), "raw": hex(signed.raw), "hash": hex(signed.hash.bytes),
            "sender": .string(try SignedTransaction(decoding: signed.raw).sender().description),
        ]
    }
}
