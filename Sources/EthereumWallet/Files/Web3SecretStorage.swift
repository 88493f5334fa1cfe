import EthereumCore
import StrictJSON

/// One private key in the file of geth, clef, cast and eth-account: Web3 Secret Storage, version 3.
enum Web3SecretStorage {
    /// The members that are read and written here. Others are other programs'; they stay in a file that is changed.
    private static let members: Set<String> = ["address", "crypto", "Crypto", "id", "version"]

    static func read(_ reader: inout JSONReader) throws -> (String?, Address?, EncryptedSecret) {
        guard let version = reader.optionalValue("version") else {
            throw WalletError.unsupported(path: nil, reason: "it has no version; only Web3 Secret Storage 3 is read")
        }
        guard version.numberValue?.integer(Int.self) == 3 else {
            throw WalletError.unsupported(path: nil, reason: "its version is not 3")
        }
        // Early geth and ethers write the name with a capital. With both, programs would disagree about what is in the file.
        let hasCapital = reader.has("Crypto")
        guard !hasCapital || !reader.has("crypto") else {
            throw WalletError.malformed(path: nil, reason: "it has crypto twice, once with a capital")
        }
        var crypto = try reader.object(hasCapital ? "Crypto" : "crypto")
        let secret = try EncryptedSecret(reading: &crypto, isOurs: false)
        guard (1...32).contains(secret.ciphertext.count) else {
            throw WalletError.malformed(path: nil, reason: "crypto.ciphertext: not a private key of 32 bytes")
        }
        return (try reader.optionalString("id"), try address(&reader), secret)
    }

    /// The members that nothing here knows, in their order.
    static func foreignMembers(_ object: JSONObject) -> JSONObject {
        JSONObject(object.filter { !members.contains($0.key) })
    }

    /// ethers keeps the words of a wallet beside its key, encrypted under the same stretched passphrase. Under another
    /// passphrase nobody could read them again, and ethers would refuse the file.
    static func checkReencryption(_ foreign: JSONObject) throws(WalletError) {
        guard foreign["x-ethers"]?["mnemonicCiphertext"] == nil else {
            throw .unsupported(
                path: nil,
                reason:
                    "it also holds words that ethers encrypted under this passphrase; change it with ethers, or import the words"
            )
        }
    }

    /// The address, which tools write with and without `0x` and in any case; it is compared with the key's anyway.
    private static func address(_ reader: inout JSONReader) throws -> Address? {
        guard let text = try reader.optionalString("address"), !text.isEmpty else { return nil }
        guard let bytes = EncryptedSecret.foreignBytes(text), let address = try? Address(bytes: bytes) else {
            throw reader.invalid("address", "not an address")
        }
        return address
    }

    /// The key from the decrypted bytes. Early geth dropped leading zero bytes (its own tests keep files of 30 and 31
    /// bytes); they are put back, as geth does.
    static func key(_ decrypted: SecretBytes) -> SecretBytes {
        if decrypted.count == 32 { return decrypted }
        return unsafe SecretBytes(count: 32) { key in
            unsafe decrypted.withUnsafeBytes { bytes in
                unsafe UnsafeMutableRawBufferPointer(rebasing: key[(32 - bytes.count)...]).copyMemory(from: bytes)
            }
        }
    }

    /// In the order and spelling of geth: the address without `0x`. What was not there stays away; other programs' members
    /// come last.
    static func json(
        identifier: String?, address: Address?, secret: EncryptedSecret, foreign: JSONObject
    ) -> JSON {
        var object = JSONObject()
        if let address { object["address"] = .string(Hex.encode(address.bytes)) }
        object["crypto"] = secret.json
        if let identifier { object["id"] = .string(identifier) }
        object["version"] = 3
        for (name, value) in foreign { object[name] = .some(value) }
        return .object(object)
    }
}
