/// Wallet files on disk: mnemonic files of our own and Web3 Secret Storage.
public enum WalletFile {
    /// Reads a wallet file that only its owner has rights to.
    ///
    /// - Throws: ``WalletError/tooOpen(path:mode:)`` when group or others have any right to it,
    ///   ``WalletError/unreadable(path:errno:)``, ``WalletError/malformed(path:reason:)``,
    ///   ``WalletError/unsupported(path:reason:)``.
    public static func read(_ path: String) throws(WalletError) -> EncryptedWallet {
        let file = try PrivateFile(reading: path)
        let text = try file.contents(path: path, limit: EncryptedWallet.maxFileCount)
        do throws(WalletError) {
            return try EncryptedWallet(json: text)
        } catch {
            throw error.naming(path)
        }
    }

    /// Encrypts a secret into a file: temporary file beside it, proof that it opens and gives the same secret, sync,
    /// rename, mode 0600. Takes the key derivation twice.
    ///
    /// - Parameters:
    ///   - secret: Mnemonic or private key.
    ///   - path: Name of the file.
    ///   - passphrase: Any bytes; used as they are, without normalization, like geth and eth-account do.
    ///   - replacing: Whether an existing file is replaced (change of passphrase) or an error.
    ///   - stretching: How the passphrase becomes a key.
    /// - Returns: What was written.
    @discardableResult
    public static func write(
        _ secret: WalletSecret, to path: String, passphrase: SecretBytes, replacing: Bool = false,
        stretching: KeyStretchingParameters = .standard
    ) throws(WalletError) -> EncryptedWallet {
        let file = try AtomicFile(path: path, replacing: replacing)
        let wallet = try EncryptedWallet(encrypting: secret, passphrase: passphrase, stretching: stretching)
        try put(wallet, of: secret, into: file, path: path, passphrase: passphrase)
        return wallet
    }

    /// Replaces a file by the same wallet under another passphrase, in the same way as ``write(_:to:passphrase:replacing:stretching:)``.
    ///
    /// - Parameters:
    ///   - wallet: The file as it was read.
    ///   - secret: What it holds, from ``EncryptedWallet/decrypt(passphrase:)``.
    ///   - path: Name of the file.
    ///   - passphrase: The new passphrase.
    /// - Returns: What was written, see ``EncryptedWallet/init(reencrypting:_:passphrase:)``.
    @discardableResult
    public static func rewrite(
        _ wallet: EncryptedWallet, of secret: WalletSecret, at path: String, passphrase: SecretBytes
    ) throws(WalletError) -> EncryptedWallet {
        let file = try AtomicFile(path: path, replacing: true)
        do throws(WalletError) {
            let new = try EncryptedWallet(reencrypting: wallet, secret, passphrase: passphrase)
            try put(new, of: secret, into: file, path: path, passphrase: passphrase)
            return new
        } catch {
            throw error.naming(path)
        }
    }

    /// Writes a file once it has proved to open.
    private static func put(
        _ wallet: EncryptedWallet, of secret: WalletSecret, into file: AtomicFile, path: String, passphrase: SecretBytes
    ) throws(WalletError) {
        try file.write(wallet.json) { temporary throws(WalletError) in
            do throws(WalletError) {
                guard try read(temporary).decrypt(passphrase: passphrase) == secret.canonical else {
                    throw .verificationFailed(path: path)
                }
            } catch {
                throw .verificationFailed(path: path)
            }
        }
    }
}

extension WalletSecret {
    /// The secret as a file gives it back: the mnemonic passphrase normalized, an empty one as none.
    var canonical: WalletSecret {
        get throws(WalletError) {
            guard case .mnemonic(let mnemonic, let passphrase?) = self else { return self }
            return .mnemonic(
                mnemonic, passphrase: passphrase.isEmpty ? nil : try Mnemonic.normalizedPassphrase(passphrase))
        }
    }
}
