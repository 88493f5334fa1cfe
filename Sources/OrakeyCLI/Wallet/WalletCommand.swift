import ArgumentParser
import EthereumCore
import EthereumWallet
import OrakeyClient
import OrakeyConfig
import StrictJSON

/// `orakey wallet`.
struct WalletCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wallet", abstract: "Make, import and look at wallet files.",
        discussion: """
            A private key is kept as Web3 Secret Storage, which geth, clef, cast and eth-account read too; a mnemonic in \
            a file of our own, encrypted in the same way. Secrets come from a prompt, standard input or a descriptor.
            """,
        subcommands: [WalletNew.self, WalletImport.self, WalletAddress.self, WalletExport.self, WalletPasswd.self])
}

/// What `new` and `import` write and print.
struct WrittenWallet {
    let path: String
    let address: String
    let kind: WalletKind

    init(_ secret: WalletSecret, path: String, passphrase: SecretBytes) throws {
        self.path = path
        kind = secret.kind
        let written = try WalletFile.write(secret, to: path, passphrase: passphrase)
        address = try written.address?.checksummed ?? UnlockedWallet(secret).account().address.checksummed
    }

    func print(_ json: JSONOption) {
        guard !json.isOn else {
            return Output.json([
                "wallet": .string(path), "kind": .string(kind.rawValue), "address": .string(address),
                "path": .string("\(DerivationPath.ethereumDefault)"),
            ])
        }
        Output.line(address)
        say("wrote \(path) (\(kind.rawValue)); keep a copy of it and its passphrase in a safe place")
    }
}

/// Where a new wallet goes: the option, else the configuration's place.
func newWalletPath(_ file: String?, _ configuration: ConfigurationOptions) throws -> String {
    if let file { return file }
    guard let keystore = try configuration.loadIfPresent()?.wallet.keystore else {
        throw Failure(.usage, "where shall the wallet go? name a file with --wallet")
    }
    return keystore
}
