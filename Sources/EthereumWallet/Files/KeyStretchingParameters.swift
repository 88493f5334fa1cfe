/// How a wallet file turns the passphrase into a key, and what of it is accepted from a file that anyone may have written.
public enum KeyStretchingParameters: Sendable, Hashable {
    /// scrypt (RFC 7914) with cost `n`, block size `r` and parallelization `p`.
    case scrypt(n: UInt64, r: UInt32, p: UInt32)
    /// PBKDF2 (RFC 8018) with HMAC-SHA-256 and `iterations` rounds.
    case pbkdf2(iterations: UInt32)

    /// n = 262144, r = 8, p = 1: 256 MiB and about half a second, the default of geth, clef and eth-account.
    public static let standard = scrypt(n: 262_144, r: 8, p: 1)
    /// n = 4096, r = 8, p = 6, geth's "light": for passphrases of a random generator, and for tests.
    public static let light = scrypt(n: 4096, r: 8, p: 6)

    /// Most memory that a file may ask for, in bytes, for the table of `n` blocks and for the `p` blocks each: four times
    /// the standard's. The limit on work keeps one of the two small.
    static let maxMemory: UInt64 = 1 << 30
    /// Most work that a file may ask for, as n * r * p: eight times the standard's.
    static let maxWork: UInt64 = 1 << 24
    /// Most rounds of PBKDF2: 38 times the usual 262144, some seconds.
    static let maxIterations: UInt32 = 10_000_000

    /// These parameters where they cost an attacker no less work and memory than the ``standard`` ones, else those: what a
    /// file is written with that came with another program's parameters. PBKDF2 takes no memory, so it is always weaker.
    var orStandard: KeyStretchingParameters {
        guard case .scrypt(let n, let r, _) = self, case .scrypt(let standardN, let standardR, _) = Self.standard,
            problem == nil, n * UInt64(r) >= standardN * UInt64(standardR)
        else { return .standard }
        return self
    }

    /// What is out of bounds, nil when nothing is. Nothing has been allocated by then.
    var problem: String? {
        switch self {
        case .scrypt(let n, let r, let p):
            guard n >= 2, n & (n - 1) == 0 else { return "scrypt's n is not a power of two above 1" }
            guard r >= 1, p >= 1 else { return "scrypt's r and p must be at least 1" }
            guard n <= Self.maxWork, UInt64(r) <= Self.maxWork, UInt64(p) <= Self.maxWork,
                n * UInt64(r) <= Self.maxWork, n * UInt64(r) * UInt64(p) <= Self.maxWork
            else { return "scrypt's n * r * p is above \(Self.maxWork)" }
            guard 128 * UInt64(r) * max(n, UInt64(p)) <= Self.maxMemory else {
                return "scrypt would take more than \(Self.maxMemory >> 20) MiB"
            }
            return nil
        case .pbkdf2(let iterations):
            return (1...Self.maxIterations).contains(iterations)
                ? nil : "PBKDF2's c is not in 1...\(Self.maxIterations)"
        }
    }

    /// 32 bytes: the first half encrypts, the second authenticates.
    func derive(passphrase: SecretBytes, salt: [UInt8]) throws(WalletError) -> SecretBytes {
        if let problem { throw .unsupported(path: nil, reason: problem) }
        switch self {
        case .scrypt(let n, let r, let p):
            return try KeyStretching.scrypt(passphrase: passphrase, salt: salt, n: n, r: r, p: p, count: 32)
        case .pbkdf2(let iterations):
            return KeyStretching.pbkdf2SHA256(
                passphrase: passphrase, salt: salt, iterations: Int32(iterations), count: 32)
        }
    }
}
