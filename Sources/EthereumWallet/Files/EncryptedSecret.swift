import CSodium
import EthereumCore

/// The `crypto` part that both kinds of wallet file share: a secret encrypted by AES-128-CTR under the first half of a
/// stretched passphrase, and authenticated by Keccak-256 over the second half, a header and the ciphertext.
///
/// Web3 Secret Storage has an empty header. Keccak is a sponge, so that hashing key and message is a sound
/// authentication code (unlike with SHA-256, a longer message cannot be made from a shorter one's code).
struct EncryptedSecret: Sendable, Equatable {
    static let cipher = "aes-128-ctr"
    static let saltCounts = 1...256
    /// Twice the longest mnemonic file's.
    static let ciphertextCounts = 1...8192

    var stretching: KeyStretchingParameters
    var salt: [UInt8]
    var iv: [UInt8]
    var ciphertext: [UInt8]
    var mac: [UInt8]

    init(stretching: KeyStretchingParameters, salt: [UInt8], iv: [UInt8], ciphertext: [UInt8], mac: [UInt8]) {
        self.stretching = stretching
        self.salt = salt
        self.iv = iv
        self.ciphertext = ciphertext
        self.mac = mac
    }

    /// Encrypts with a fresh salt and a fresh first counter. `header` is given the latter.
    init(
        encrypting secret: SecretBytes, passphrase: SecretBytes, stretching: KeyStretchingParameters,
        header: ([UInt8]) -> [UInt8]
    ) throws(WalletError) {
        precondition(Self.ciphertextCounts.contains(secret.count))
        self.stretching = stretching
        salt = Self.random(32)
        iv = Self.random(16)
        let key = try stretching.derive(passphrase: passphrase, salt: salt)
        var ciphertext = [UInt8](repeating: 0, count: secret.count)
        let iv = iv
        unsafe ciphertext.withUnsafeMutableBytes { output in
            unsafe key.withUnsafeBytes { key in
                unsafe secret.withUnsafeBytes { input in
                    unsafe AES128CTR.apply(
                        key: UnsafeRawBufferPointer(rebasing: key[..<16]), iv: iv, input: input, output: output)
                }
            }
        }
        self.ciphertext = ciphertext
        mac = Self.authenticationCode(key: key, header: header(iv), ciphertext: ciphertext)
    }

    /// Checks the authentication code, in constant time, and decrypts.
    ///
    /// - Throws: ``WalletError/wrongPassphrase`` when the code is not the file's.
    func decrypt(passphrase: SecretBytes, header: [UInt8]) throws(WalletError) -> SecretBytes {
        let key = try stretching.derive(passphrase: passphrase, salt: salt)
        let code = Self.authenticationCode(key: key, header: header, ciphertext: ciphertext)
        guard mac.count == code.count, unsafe sodium_memcmp(mac, code, code.count) == 0 else {
            throw .wrongPassphrase
        }
        return unsafe SecretBytes(count: ciphertext.count) { output in
            unsafe key.withUnsafeBytes { key in
                unsafe ciphertext.withUnsafeBytes { input in
                    unsafe AES128CTR.apply(
                        key: UnsafeRawBufferPointer(rebasing: key[..<16]), iv: iv, input: input, output: output)
                }
            }
        }
    }

    private static func authenticationCode(key: SecretBytes, header: [UInt8], ciphertext: [UInt8]) -> [UInt8] {
        let input = unsafe SecretBytes(count: 16 + header.count + ciphertext.count) { input in
            unsafe key.withUnsafeBytes { unsafe input.copyMemory(from: .init(rebasing: $0[16..<32])) }
            unsafe UnsafeMutableRawBufferPointer(rebasing: input[16...]).copyBytes(from: header)
            unsafe UnsafeMutableRawBufferPointer(rebasing: input[(16 + header.count)...]).copyBytes(from: ciphertext)
        }
        return unsafe input.withUnsafeBytes { unsafe Keccak256.hash($0).bytes }
    }

    /// Public random bytes: salts, counters, identifiers.
    static func random(_ count: Int) -> [UInt8] {
        unsafe SecretBytes.random(count: count).withUnsafeBytes { unsafe Array($0) }
    }
}
