import EthereumCore
import StrictJSON

/// A mnemonic in a file of our own, version 1. The format, complete:
///
/// ```json
/// {
///   "type": "orakeyd-mnemonic",
///   "version": 1,
///   "id": "UUID in lower case",
///   "address": "0x... of m/44'/60'/0'/0/0, with the checksum of EIP-55",
///   "crypto": { "cipher", "cipherparams", "ciphertext", "kdf", "kdfparams", "mac" }
/// }
/// ```
///
/// `crypto` has the members of Web3 Secret Storage 3 with the same meaning: scrypt or PBKDF2 gives 32 bytes, the first
/// 16 are the key of AES-128-CTR. Two things differ:
///
/// - The plaintext is the phrase (lower case, single spaces), a zero byte, the mnemonic passphrase in NFKD (may be
///   empty), then zero bytes up to the next multiple of 256: the length tells neither how many words there are nor
///   whether there is a passphrase.
/// - `mac` is Keccak-256 of the last 16 bytes of the stretched passphrase, a header, and the ciphertext. The header is
///   these lines, each with a line feed: type, version, id, address (lower case), cipher, iv (lower-case hex). So
///   everything in the file is authenticated; the parameters of the key derivation are since they make the key.
///
/// Unknown members are refused. A reader refuses another version.
enum MnemonicFile {
    static let type = "orakeyd-mnemonic"
    static let version = 1
    private static let blockCount = 256

    static func header(identifier: String, address: Address, iv: [UInt8]) -> [UInt8] {
        let lines = [type, "\(version)", identifier, address.lowercaseHex, EncryptedSecret.cipher, Hex.encode(iv)]
        return Array(lines.map { $0 + "\n" }.joined().utf8)
    }

    /// The padded plaintext.
    static func body(_ mnemonic: Mnemonic, passphrase: SecretBytes?) throws(WalletError) -> SecretBytes {
        let extra = try passphrase.map { passphrase throws(WalletError) in try Mnemonic.normalizedPassphrase(passphrase)
        }
        let used = mnemonic.phrase.count + 1 + (extra?.count ?? 0) + 1
        let count = (used + blockCount - 1) / blockCount * blockCount
        guard EncryptedSecret.ciphertextCounts.contains(count) else {
            throw .mnemonicPassphrase(reason: "it is too long")
        }
        return unsafe SecretBytes(count: count) { body in
            unsafe mnemonic.phrase.withUnsafeBytes { unsafe body.copyMemory(from: $0) }
            unsafe extra?.withUnsafeBytes { passphrase in
                unsafe UnsafeMutableRawBufferPointer(rebasing: body[(mnemonic.phrase.count + 1)...]).copyMemory(
                    from: passphrase)
            }
        }
    }

    /// The secret from the decrypted plaintext. Its authentication code was right, so a mistake here is the writer's.
    static func secret(_ body: SecretBytes) throws(WalletError) -> WalletSecret {
        let parts = unsafe body.withUnsafeBytes { body -> (SecretBytes, SecretBytes)? in
            guard let first = unsafe body.firstIndex(of: 0),
                let second = unsafe body[(first + 1)...].firstIndex(of: 0),
                unsafe body[second...].allSatisfy({ $0 == 0 })
            else { return nil }
            return unsafe (
                SecretBytes(copying: UnsafeRawBufferPointer(rebasing: body[..<first])),
                SecretBytes(copying: UnsafeRawBufferPointer(rebasing: body[(first + 1)..<second]))
            )
        }
        guard let (phrase, passphrase) = parts else {
            throw .malformed(path: nil, reason: "its content is not words and a passphrase")
        }
        return .mnemonic(try Mnemonic(parsing: phrase), passphrase: passphrase.isEmpty ? nil : passphrase)
    }

    static func read(_ reader: inout JSONReader) throws -> (String?, Address?, EncryptedSecret) {
        guard try reader.int("version", in: 0...Int.max) == version else {
            throw WalletError.unsupported(
                path: nil, reason: "its version is not \(version); a newer program may read it")
        }
        let identifier = try reader.string("id")
        guard identifier.utf8.count == 36,
            identifier.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) || $0 == 45 })
        else { throw reader.invalid("id", "not a UUID in lower case") }
        guard let address = try? Address(reader.string("address")) else {
            throw reader.invalid("address", "not an address")
        }
        var crypto = try reader.object("crypto")
        let secret = try EncryptedSecret(reading: &crypto, isOurs: true)
        try reader.finish()
        guard secret.ciphertext.count % blockCount == 0 else {
            throw WalletError.malformed(path: nil, reason: "crypto.ciphertext: not a multiple of \(blockCount) bytes")
        }
        return (identifier, address, secret)
    }

    static func json(identifier: String, address: Address, secret: EncryptedSecret) -> JSON {
        [
            "type": .string(type), "version": .integer(version), "id": .string(identifier),
            "address": .string(address.checksummed), "crypto": secret.json,
        ]
    }
}
