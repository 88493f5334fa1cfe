import ArgumentParser
import EthereumWallet
import OrakeyAPI
import OrakeyClient
import StrictJSON

/// `orakey lock`.
struct Lock: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Have orakeyd wipe its secrets; no key is handed out until it is unlocked.")

    @OptionGroup var json: JSONOption

    func run() throws {
        let answer = try ControlClient().lock()
        json.isOn ? Output.json(answer.json) : say("locked; orakey unlock ends it")
    }
}

/// `orakey unlock`.
struct Unlock: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Give orakeyd the wallet's passphrase.",
        discussion: "The passphrase goes from the terminal, a file or a descriptor straight into the daemon's socket.")

    @OptionGroup var passphrase: PassphraseOptions
    @OptionGroup var json: JSONOption

    func run() throws {
        let client = ControlClient()
        let secret = try passphrase.passphrase(of: "orakeyd's wallet")
        let answer = try secret.withUnsafeBytes { (bytes) throws(ClientError) in try client.unlock(passphrase: bytes) }
        json.isOn ? Output.json(answer.json) : say("\(answer.state.rawValue)")
    }
}
