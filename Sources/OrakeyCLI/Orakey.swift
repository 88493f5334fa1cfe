import ArgumentParser
import OrakeyAPI

/// The command line. Every command is a type of its own below; this one only lists them.
struct Orakey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "orakey",
        abstract: "Keys of ORA's Resilient Model Services from your own wallet: client of orakeyd, and offline tools.",
        discussion: """
            Exit codes: 0 done, 1 a negative answer or a malformed key, 64 usage, 65 bad data, 66 a file cannot be read, \
            69 orakeyd not reachable, 70 internal error, 73 a file cannot be made, 74 input or output failed, 75 try later (chain not reachable, locked, no key yet), 77 not permitted, \
            78 configuration.
            """,
        version: "orakey \(orakeyVersion)",
        groupedSubcommands: [
            CommandGroup(
                name: "Key", subcommands: [Get.self, Exec.self, Token.self, Keys.self, Rotate.self, Revoke.self]),
            CommandGroup(
                name: "Daemon",
                subcommands: [
                    StatusCommand.self, UsageCommand.self, Watch.self, Lock.self, Unlock.self, Intents.self, Audit.self,
                    Acknowledge.self, Reload.self,
                    RevokerCommand.self,
                    Doctor.self,
                ]),
            CommandGroup(
                name: "Set-up", subcommands: [Init.self, WalletCommand.self, ContractCommand.self, Recover.self]),
            CommandGroup(
                name: "Offline",
                subcommands: [Inspect.self, Verify.self, Derive.self, ABICommand.self, TransactionCommand.self]),
        ])
}
