import EthereumWallet
import Glibc
import OrakeyClient

/// Wallet files, opened and written by commands.
enum Wallets {
    /// Opens a wallet file. The passphrase is asked for only once the file is known to be a wallet.
    static func unlock(_ path: String, passphrase: () throws -> SecretBytes) throws -> UnlockedWallet {
        let file = try WalletFile.read(path)
        let secret = try passphrase()
        if !SecretBytes.memoryIsLocked {
            say("warning: secrets may reach swap space, since RLIMIT_MEMLOCK is too small")
        }
        return try file.unlock(passphrase: secret)
    }

    /// Refuses before a passphrase is asked for, not after.
    static func checkNew(_ path: String) throws {
        if access(path, F_OK) == 0 { throw WalletError.alreadyExists(path: path) }
    }
}

/// Writes a secret to standard output from secret memory.
func print(secret: SecretBytes) throws {
    try secret.withUnsafeBytes { bytes in
        guard Console.write(bytes, to: STDOUT_FILENO), Console.write([0x0A], to: STDOUT_FILENO) else {
            throw Failure(.inputOutput, "cannot write to standard output: \(String(cString: strerror(errno)))")
        }
    }
}
