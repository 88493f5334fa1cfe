import ArgumentParser

/// `orakey contract`.
struct ContractCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "contract", abstract: "Deploy the reference contract, or look at one.",
        subcommands: [ContractDeploy.self, ContractInfo.self])
}
