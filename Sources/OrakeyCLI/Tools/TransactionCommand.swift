import ArgumentParser
import EthereumCore
import Glibc
import OrakeyClient
import StrictJSON

/// `orakey tx`.
struct TransactionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tx", abstract: "Look at raw transactions.", subcommands: [TransactionDecode.self])
}

struct TransactionDecode: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode", abstract: "Print a raw signed transaction as JSON, with its hash and sender.",
        discussion: """
            Types 0 (legacy, EIP-155), 1 (EIP-2930) and 2 (EIP-1559), canonical RLP only, chain ids below 2^64. What a \
            fork would refuse although it decodes stands under "issues", a signature that is not the canonical one among \
            it; it is shown as it is in the bytes. Amounts are decimal strings in wei.
            """)

    @Argument(help: ArgumentHelp("The transaction, or - for standard input.", valueName: "0x..")) var raw: String
    @Option(help: "The fork whose rules apply: \(TransactionDecode.forks).") var fork = "\(Fork.latest)"
    @OptionGroup var json: AlwaysJSONOption

    private static let forks = Fork.allCases.map { "\($0)" }.joined(separator: ", ")

    func run() throws {
        guard let fork = Fork.allCases.first(where: { "\($0)" == fork }) else {
            throw Failure(.usage, "--fork is one of \(Self.forks)")
        }
        let text = raw == "-" ? try StandardInput.text(limit: 16 << 20) : raw
        let signed = try SignedTransaction(decoding: Hex.decode(text))
        Output.json(object(of: signed, fork))
    }

    private func object(of signed: SignedTransaction, _ fork: Fork) -> JSON {
        let transaction = signed.transaction
        var object: JSONObject = [
            "type": .integer(transaction.type), "hash": .string(signed.hash.hex),
            "sender": (try? signed.sender()).map { .string($0.checksummed) } ?? .null,
            "chain_id": transaction.chainID.map { .string("\($0)") } ?? .null,
            "nonce": .string("\(transaction.nonce)"),
        ]
        if case .dynamicFee = transaction {
            object["max_fee"] = .string("\(transaction.maxFeePerGas)")
            object["tip"] = .string("\(transaction.maxPriorityFeePerGas)")
        } else {
            object["gas_price"] = .string("\(transaction.maxFeePerGas)")
        }
        object["gas_limit"] = .string("\(transaction.gasLimit)")
        object["to"] = transaction.to.map { .string($0.checksummed) } ?? .null
        object["value"] = .string("\(transaction.value)")
        object["data"] = .string(Hex.encodePrefixed(transaction.data))
        if transaction.type > 0 {
            object["access_list"] = .array(
                transaction.accessList.map { entry in
                    [
                        "address": .string(entry.address.checksummed),
                        "storage_keys": .array(entry.storageKeys.map { .string($0.hex) }),
                    ]
                })
        }
        object["signature"] = .object(signature(of: signed))
        object["issues"] = .array(
            signed.issues(fork: fork).map { ["code": .string($0.code), "message": .string("\($0)")] })
        return .object(object)
    }

    /// As it is in the bytes, high s included.
    private func signature(of signed: SignedTransaction) -> JSONObject {
        let wire = signed.wireSignature
        var object: JSONObject = [
            "r": .string(wire.r.hex), "s": .string(wire.s.hex), "y_parity": .integer(wire.yParity),
            "high_s": .bool(wire.hasHighS),
        ]
        if case .legacy(let transaction) = signed.transaction {
            object["v"] = .string("\(transaction.v(yParity: wire.yParity))")
        }
        return object
    }
}

/// Text from standard input, for arguments that are not secret and too long for a command line.
enum StandardInput {
    static func text(limit: Int) throws -> String {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= limit {
            let count = read(STDIN_FILENO, &piece, piece.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else {
                throw Failure(.inputOutput, "cannot read standard input: \(String(cString: strerror(errno)))")
            }
            if count == 0 { break }
            bytes += piece[..<count]
        }
        guard bytes.count <= limit else { throw Failure(.badData, "standard input is longer than \(limit) bytes") }
        while let last = bytes.last, last == 0x0A || last == 0x0D || last == 0x20 { bytes.removeLast() }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(.badData, "standard input is not UTF-8 text")
        }
        return text
    }
}
