import EthereumWallet
import Logging
import OrakeyConfig
import OrakeyCore

/// Opens the revoker's wallet at the start. Its passphrase comes from a source of its own, so that the host may have it
/// while only people have the owner's.
enum RevokerOpening {
    static func open(_ settings: RevokerSection?, for agent: KeyAgent, log: Logger) async throws {
        guard let settings else { return }
        guard let passphrase = try passphrase(settings) else {
            return log.warning(
                "the revoker's wallet stays closed: there is no passphrase for it",
                metadata: ["hint": "set revoker.passphrase_file, or give systemd the credential revoker-passphrase"])
        }
        let wallet = try await Daemon.open(settings.keystore, passphrase)
        try await agent.use(RevokerWallet(try wallet.account(path: settings.path)))
    }

    private static func passphrase(_ settings: RevokerSection) throws -> SecretBytes? {
        if let file = settings.passphraseFile {
            return try SecretBytes.read(privateFile: file, maxCount: Orakeyd.longestPassphrase)
        }
        return try Orakeyd.credential("revoker-passphrase")
    }
}
