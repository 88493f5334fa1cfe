import Glibc

/// What can go wrong with wallets, mnemonics and derivation. A description says what happened and what to do, and never
/// contains a secret.
public enum WalletError: Error, Sendable, Hashable {
    /// The passphrase does not open the file, or the file was altered: the authentication code cannot tell which.
    case wrongPassphrase
    /// A wallet file that is not what the standard says.
    case malformed(path: String?, reason: String)
    /// A wallet file of a kind or with parameters that are not supported, or that are out of bounds.
    case unsupported(path: String?, reason: String)
    /// A file or descriptor cannot be read.
    case unreadable(path: String, errno: Int32)
    /// A file cannot be written.
    case unwritable(path: String, errno: Int32)
    /// A new wallet would overwrite a file.
    case alreadyExists(path: String)
    /// Group or others have rights to a file that holds a secret.
    case tooOpen(path: String, mode: UInt32)
    /// The decrypted key is not the one of the address in the file.
    case addressMismatch
    /// The file just written does not open again; the old one, if any, is untouched.
    case verificationFailed(path: String)
    /// scrypt could not get its memory.
    case outOfMemory(bytes: Int)
    /// More input than the secret may have.
    case inputTooLong(limit: Int)
    /// No terminal to ask for a secret on.
    case noTerminal
    /// The user gave up at a prompt.
    case cancelled
    /// A mnemonic that is not valid.
    case mnemonic(MnemonicProblem)
    /// A mnemonic passphrase that is not UTF-8, has a NUL, or is too long.
    case mnemonicPassphrase(reason: String)
    /// A private key that is not 32 bytes in 1..<n.
    case privateKey(reason: String)
    /// A derivation path that does not parse.
    case path(reason: String)
    /// A seed that is not 16 to 64 bytes.
    case seedLength(Int)
    /// An extended key (xprv, xpub) that does not parse.
    case extendedKey(ExtendedKeyProblem)
    /// BIP-32 has no key at this index (less than once in 2^127); take the next.
    case noKeyAtIndex(UInt32)
    /// A public key cannot have hardened children.
    case hardenedFromPublic
    /// BIP-32 ends at depth 255.
    case tooDeep
    /// A wallet with one private key has no other accounts.
    case noDerivation
    /// A transaction that is not signed: it names no chain.
    case signingFailed(reason: String)
}

extension WalletError: CustomStringConvertible {
    /// One line: what happened and what to do.
    public var description: String {
        switch self {
        case .wrongPassphrase: "wrong passphrase, or the wallet file was altered; try again or restore the file"
        case .malformed(let path, let reason): "\(Self.file(path)) is not valid: \(reason)"
        case .unsupported(let path, let reason): "\(Self.file(path)) is not supported: \(reason)"
        case .unreadable(let path, let errno): "cannot read \(path): \(Self.text(errno))"
        case .unwritable(let path, let errno): "cannot write \(path): \(Self.text(errno))"
        case .alreadyExists(let path): "\(path) exists already; choose another name or move it away"
        case .tooOpen(let path, let mode):
            "\(path) can be read or changed by others (mode \(String(mode & 0o7777, radix: 8))); run: chmod 600 \(path)"
        case .addressMismatch: "the key in the wallet file is not the key of the address in it; restore the file"
        case .verificationFailed(let path): "\(path) did not open again after writing; nothing was replaced, try again"
        case .outOfMemory(let bytes):
            "no memory for the wallet's key derivation (\(bytes >> 20) MiB); free some and retry"
        case .inputTooLong(let limit): "the input is longer than \(limit) bytes"
        case .noTerminal: "no terminal to ask on; give the secret by a file or a file descriptor"
        case .cancelled: "cancelled"
        case .mnemonic(let problem): problem.description
        case .mnemonicPassphrase(let reason): "the mnemonic's passphrase is not valid: \(reason)"
        case .privateKey(let reason): "not a private key: \(reason)"
        case .path(let reason): "not a derivation path: \(reason); a valid one is m/44'/60'/0'/0/0"
        case .seedLength(let count): "a seed has 16 to 64 bytes, not \(count)"
        case .extendedKey(let problem): problem.description
        case .noKeyAtIndex(let index): "there is no key at index \(index); take the next one"
        case .hardenedFromPublic: "a public key has no hardened children; derive from the private key"
        case .tooDeep: "the derivation path is longer than 255 levels"
        case .noDerivation: "this wallet holds one private key and has no other accounts; leave path and account out"
        case .signingFailed(let reason): "the transaction or message is not signed: \(reason)"
        }
    }

    private static func file(_ path: String?) -> String {
        path.map { "wallet file \($0)" } ?? "the wallet file"
    }

    private static func text(_ errno: Int32) -> String {
        unsafe String(cString: strerror(errno))
    }

    /// The same error, naming the file it is about.
    package func naming(_ path: String) -> WalletError {
        switch self {
        case .malformed(nil, let reason): .malformed(path: path, reason: reason)
        case .unsupported(nil, let reason): .unsupported(path: path, reason: reason)
        default: self
        }
    }
}
