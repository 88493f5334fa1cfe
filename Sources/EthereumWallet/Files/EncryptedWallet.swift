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

    private let identifier: String
    private let secret: EncryptedSecret

    /// Encrypts a secret: a private key as Web3 Secret Storage version 3, a mnemonic as a mnemonic file version 1.
    public init(
        encrypting plain: WalletSecret, passphrase: SecretBytes, stretching: KeyStretchingParameters = .standard
    ) throws(WalletError) {
        let address = try UnlockedWallet(plain).account().address
        let identifier = Self.newIdentifier()
        kind = plain.kind
        self.address = address
        self.identifier = identifier
        switch plain {
        case .privateKey(let key):
            secret = try EncryptedSecret(encrypting: key, passphrase: passphrase, stretching: stretching) { _ in [] }
        case .mnemonic(let mnemonic, let mnemonicPassphrase):
            let body = try MnemonicFile.body(mnemonic, passphrase: mnemonicPassphrase)
            secret = try EncryptedSecret(encrypting: body, passphrase: passphrase, stretching: stretching) { iv in
                MnemonicFile.header(identifier: identifier, address: address, iv: iv)
            }
        }
    }

    /// Reads the text of a wallet file of either kind. Other programs' extra members are ignored in Web3 Secret Storage
    /// and refused in mnemonic files.
    ///
    /// - Throws: ``WalletError/malformed(path:reason:)`` or ``WalletError/unsupported(path:reason:)``.
    public init(json text: [UInt8]) throws(WalletError) {
        do {
            let limits = JSONLimits(maxDepth: 16, maxBytes: Self.maxFileCount)
            var reader = try JSONReader(JSON.parse(text, limits: limits))
            // Other programs' files may well have a member of this name.
            if reader.optionalValue("type")?.stringValue == MnemonicFile.type {
                kind = .mnemonic
                (identifier, address, secret) = try MnemonicFile.read(&reader)
            } else {
                kind = .privateKey
                (identifier, address, secret) = try Web3SecretStorage.read(&reader)
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
            case .privateKey: Web3SecretStorage.json(identifier: identifier, address: address, secret: secret)
            case .mnemonic: MnemonicFile.json(identifier: identifier, address: address ?? .zero, secret: secret)
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
            let header = MnemonicFile.header(identifier: identifier, address: address ?? .zero, iv: secret.iv)
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
