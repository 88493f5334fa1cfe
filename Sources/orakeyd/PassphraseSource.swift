import CLinuxShims
import EthereumWallet
import Glibc

extension Orakeyd {
    /// The longest passphrase, in bytes.
    static let longestPassphrase = 1024

    /// The wallet's passphrase from the place the options name, else from systemd's credential; nil to start locked.
    func passphrase() throws -> SecretBytes? {
        if let passphraseFile {
            return try SecretBytes.read(privateFile: passphraseFile, maxCount: Self.longestPassphrase)
        }
        if let passphraseFd {
            return try SecretBytes.read(fileDescriptor: passphraseFd, maxCount: Self.longestPassphrase)
        }
        return try Self.credential("wallet-passphrase")
    }

    /// A credential that systemd gave, systemd.exec(5); nil when there is none of that name.
    static func credential(_ name: String) throws -> SecretBytes? {
        guard let folder = getenv("CREDENTIALS_DIRECTORY").map({ String(cString: $0) }) else { return nil }
        let path = folder + "/" + name
        // systemd shows its credentials through an access control list, which looks like a group's rights.
        let file = orakey_open(path, O_RDONLY, 0)
        if file == -ENOENT { return nil }
        guard file >= 0 else { throw WalletError.unreadable(path: path, errno: -file) }
        defer { close(file) }
        return try SecretBytes.read(fileDescriptor: file, maxCount: longestPassphrase)
    }
}
