public import ArgumentParser
import CLinuxShims
import Glibc
import OrakeyAPI
import OrakeyConfig
public import OrakeyHost

/// The service. Reads its options, then hands over to ``Daemon``.
@main
struct Orakeyd: ServiceProgram {
    static let configuration = CommandConfiguration(
        commandName: "orakeyd",
        abstract:
            "ssh-agent for on-chain API keys: owns the wallet, creates, rotates and disables keys, hands out the active one.",
        discussion: """
            The configuration is --config, else $XDG_CONFIG_HOME/orakeyd/orakeyd.yaml if it exists, else \
            /etc/orakeyd/orakeyd.yaml. Without a passphrase the service starts locked; "orakey unlock" opens the wallet.

            Signals: SIGHUP reads the configuration anew; SIGTERM and SIGINT end the service after requests in flight. Exit status: 0, or as in sysexits.h: \
            64 usage, 65 bad data, 66 a file cannot be read, 69 a socket or state directory is in use, 70 internal error, \
            73 a socket or state directory cannot be made, 74 the journal cannot be opened, 75 too little memory, \
            77 not permitted, 78 configuration.

            See orakeyd(8), orakeyd.yaml(5) and orakey(1).
            """,
        version: orakeyVersion)

    @Option(name: .long, help: ArgumentHelp("The configuration file.", valueName: "file"), completion: .file())
    var config: String?

    @Flag(name: .long, help: "Check the configuration and exit.")
    var checkConfig = false

    @Option(name: .long, help: ArgumentHelp("Where the journal lives.", valueName: "dir"), completion: .directory)
    var stateDir: String?

    @Option(name: .long, help: ArgumentHelp("The socket for consumers.", valueName: "path"), completion: .file())
    var agentSocket: String?

    @Option(name: .long, help: ArgumentHelp("The socket for operators.", valueName: "path"), completion: .file())
    var controlSocket: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Read the wallet's passphrase from this file; others must not be able to.", valueName: "file"),
        completion: .file())
    var passphraseFile: String?

    @Option(name: .long, help: ArgumentHelp("Read the wallet's passphrase from this descriptor.", valueName: "n"))
    var passphraseFd: Int32?

    @Option(name: .long, help: ArgumentHelp("text or json.", valueName: "format"))
    var logFormat: LogFormat = .text

    @Option(name: .long, help: ArgumentHelp("debug, info, notice, warning or error.", valueName: "level"))
    var logLevel: LogLevel = .info

    func validate() throws {
        if passphraseFile != nil, passphraseFd != nil {
            throw ValidationError("--passphrase-file and --passphrase-fd exclude each other")
        }
    }

    func run() async throws {
        do {
            let environment = HostEnvironment.current
            let file = environment.configurationFile(option: config) { access($0, F_OK) == 0 }
            let configuration = try Configuration.load(path: file)
            if checkConfig { Self.tell("\(file): ok") }
            let daemon = Daemon(
                options: self, configuration: configuration, environment: environment)
            try await daemon.run()
        } catch let exit as ExitCode {
            throw exit
        } catch {
            let failure = StartFailure(error)
            Self.complain(failure.text)
            throw ExitCode(failure.status)
        }
    }
}

extension LogFormat: ExpressibleByArgument {}
extension LogLevel: ExpressibleByArgument {}
