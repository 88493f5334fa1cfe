public import EthereumCore
import StrictJSON

/// A wallet file's content: the secret encrypted under a passphrase, and what may be known without it.
public struct EncryptedWallet: Sendable, Equatable {
    /// Longest file that is looked at, in bytes.
    public static let maxFileCount = 64 << 10

    /// What the file holds.
    public let kind: WalletKind
    /// Address that the file claims: of the key, or of `m/44'/60'/0'/0/0`. Some tools leave it out. It is checked at
    /// ``decrypt(passphrase:)``.
    public let address: Address?
    /// How the passphrase is stretched.
    public var stretching: KeyStretchingParameters { secret.stretching }

    /// Nil in a file of another program that has none.
    private let identifier: String?
    private let secret: EncryptedSecret
    /// Members of a Web3 Secret Storage file that nothing here knows.
    private let foreign: JSONObject

    /// Encrypts a secret: a private key as Web3 Secret Storage version 3, a mnemonic as a mnemonic file version 1.
    public init(
        encrypting plain: WalletSecret, passphrase: SecretBytes, stretching: KeyStretchingParameters = .standard
    ) throws(WalletError) {
        let address = try UnlockedWallet(plain).account().address
        let identifier = Self.newIdentifier()
        kind = plain.kind
        self.address = address
        self.identifier = identifier
        foreign = JSONObject()
        secret = try Self.encrypted(
            plain, passphrase: passphrase, stretching: stretching, identifier: identifier, address: address)
    }

    /// Encrypts the secret of a file anew, under another passphrase. Identifier and other programs' members stay as they
    /// are, and an address that was not there stays away: whoever left it out may have had a reason. The passphrase is
    /// stretched as it was, or as the standard says where that is stronger.
    ///
    /// - Parameters:
    ///   - wallet: The file as it was.
    ///   - plain: What its ``decrypt(passphrase:)`` gave.
    ///   - passphrase: The new passphrase.
    /// - Throws: as ``checkReencryption()``; ``WalletError/addressMismatch`` for the secret of another file.
    public init(
        reencrypting wallet: EncryptedWallet, _ plain: WalletSecret, passphrase: SecretBytes
    ) throws(WalletError) {
        try wallet.checkReencryption()
        if let address = wallet.address, try UnlockedWallet(plain).account().address != address {
            throw .addressMismatch
        }
        kind = plain.kind
        address = wallet.address
        identifier = wallet.identifier
        foreign = wallet.foreign
        secret = try Self.encrypted(
            plain, passphrase: passphrase, stretching: wallet.stretching.orStandard, identifier: wallet.identifier,
            address: wallet.address)
    }

    /// Whether nothing would be lost with another passphrase.
    ///
    /// - Throws: ``WalletError/unsupported(path:reason:)`` when the file has other things encrypted under the old one.
    public func checkReencryption() throws(WalletError) { try Web3SecretStorage.checkReencryption(foreign) }

    private static func encrypted(
        _ plain: WalletSecret, passphrase: SecretBytes, stretching: KeyStretchingParameters, identifier: String?,
        address: Address?
    ) throws(WalletError) -> EncryptedSecret {
        switch plain {
        case .privateKey(let key):
            return try EncryptedSecret(encrypting: key, passphrase: passphrase, stretching: stretching) { _ in [] }
        case .mnemonic(let mnemonic, let mnemonicPassphrase):
            let body = try MnemonicFile.body(mnemonic, passphrase: mnemonicPassphrase)
            return try EncryptedSecret(encrypting: body, passphrase: passphrase, stretching: stretching) { iv in
                MnemonicFile.header(identifier: identifier ?? "", address: address ?? .zero, iv: iv)
            }
        }
    }

    /// Reads the text of a wallet file of either kind. Other programs' extra members are kept in Web3 Secret Storage and
    /// refused in mnemonic files.
    ///
    /// - Throws: ``WalletError/malformed(path:reason:)`` or ``WalletError/unsupported(path:reason:)``.
    public init(json text: [UInt8]) throws(WalletError) {
        do {
            let limits = JSONLimits(maxDepth: 16, maxBytes: Self.maxFileCount)
            let json = try JSON.parse(text, limits: limits)
            var reader = try JSONReader(json)
            // Other programs' files may well have a member of this name.
            if reader.optionalValue("type")?.stringValue == MnemonicFile.type {
                kind = .mnemonic
                (identifier, address, secret) = try MnemonicFile.read(&reader)
                foreign = JSONObject()
            } else {
                kind = .privateKey
                (identifier, address, secret) = try Web3SecretStorage.read(&reader)
                foreign = Web3SecretStorage.foreignMembers(json.objectValue ?? JSONObject())
            }
        } catch let error as WalletError {
            throw error
        } catch let error as JSONError {
            throw .malformed(path: nil, reason: error.description)
        } catch {
            throw .malformed(path: nil, reason: "it is not readable")
        }
    }

    /// The text of the file.
    public var json: [UInt8] {
        let value =
            switch kind {
            case .privateKey:
                Web3SecretStorage.json(identifier: identifier, address: address, secret: secret, foreign: foreign)
            case .mnemonic: MnemonicFile.json(identifier: identifier ?? "", address: address ?? .zero, secret: secret)
            }
        return Array((value.pretty() + "\n").utf8)
    }

    /// Gives the secret back: for export and for a change of passphrase.
    ///
    /// - Throws: ``WalletError/wrongPassphrase``; ``WalletError/addressMismatch`` when the key is not the address's.
    public func decrypt(passphrase: SecretBytes) throws(WalletError) -> WalletSecret {
        try open(passphrase: passphrase).0
    }

    /// Opens the wallet and blinds the signing context anew. Takes as long and as much memory as the file's
    /// ``stretching`` says; it blocks, so it does not belong on the cooperative pool of threads.
    public func unlock(passphrase: SecretBytes) throws(WalletError) -> UnlockedWallet {
        Secp256k1.randomize()
        return try open(passphrase: passphrase).1
    }

    private func open(passphrase: SecretBytes) throws(WalletError) -> (WalletSecret, UnlockedWallet) {
        let plain: WalletSecret
        switch kind {
        case .privateKey:
            plain = .privateKey(Web3SecretStorage.key(try secret.decrypt(passphrase: passphrase, header: [])))
        case .mnemonic:
            let header = MnemonicFile.header(identifier: identifier ?? "", address: address ?? .zero, iv: secret.iv)
            plain = try MnemonicFile.secret(try secret.decrypt(passphrase: passphrase, header: header))
        }
        let wallet = try UnlockedWallet(plain)
        if let address, try wallet.account().address != address { throw .addressMismatch }
        return (plain, wallet)
    }

    /// A random UUID (RFC 9562, version 4).
    private static func newIdentifier() -> String {
        var bytes = EncryptedSecret.random(16)
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = Array(Hex.encode(bytes))
        return [digits[0..<8], digits[8..<12], digits[12..<16], digits[16..<20], digits[20..<32]]
            .map { String($0) }.joined(separator: "-")
    }
}
