public import ArgumentParser
import CLinuxShims
import CurlHTTP
import Glibc
import Logging
import OrakeyAPI
import OrakeyGateway
public import OrakeyHost
import ServiceLifecycle
import UnixSignals

/// The provider's side: reads its options, puts the gateway together, starts it.
@main
struct OrakeyGatewayProgram: ServiceProgram {
    static let configuration = CommandConfiguration(
        commandName: "orakey-gateway",
        abstract: "Verifies on-chain API keys in front of model servers, for nginx, Caddy and Envoy or by itself.",
        discussion: """
            The configuration is --config, else $XDG_CONFIG_HOME/orakey-gateway/orakey-gateway.yaml if it exists, else \
            /etc/orakey-gateway/orakey-gateway.yaml.

            Signals: SIGHUP reads the configuration anew, all or nothing; SIGTERM and SIGINT end the service after requests \
            in flight. Exit status: 0, or as in sysexits.h: \
            64 usage, 65 bad data, 66 a key file cannot be read, 69 an address or state directory is in use, 70 internal \
            error, 73 the state directory cannot be made, 74 the database cannot be opened or was damaged in use, \
            77 not permitted, 78 configuration.

            See orakey-gateway(8).
            """,
        version: orakeyVersion)

    @Option(name: .long, help: ArgumentHelp("The configuration file.", valueName: "file"))
    var config: String?

    @Flag(name: .long, help: "Check the configuration and exit.")
    var checkConfig = false

    @Option(name: .long, help: ArgumentHelp("Where what is known of the chain is kept.", valueName: "dir"))
    var stateDir: String?

    @Option(name: .long, help: ArgumentHelp("text or json.", valueName: "format"))
    var logFormat: LogFormat = .text

    @Option(name: .long, help: ArgumentHelp("debug, info, notice, warning or error.", valueName: "level"))
    var logLevel: LogLevel = .info

    func run() async throws {
        do {
            let places = Places.current
            let settings = try GatewaySettings.load(path: config ?? places.configurationFile)
            // Also what only shows when an ABI is read.
            for network in settings.networks { _ = try WatchedContract(network) }
            if checkConfig { Self.tell("\(settings.file): ok") }
            try await serve(settings, places)
        } catch let exit as ExitCode {
            throw exit
        } catch {
            Self.complain("\(error)")
            throw ExitCode(StartFailure.status(of: error))
        }
    }

    private func serve(_ settings: GatewaySettings, _ places: Places) async throws {
        let log = LogOutput.logger("orakey-gateway", format: logFormat, level: logLevel)
        guard let path = stateDir ?? settings.stateDirectory ?? places.stateDirectory(settings.file) else {
            throw StateDirectoryError.none
        }
        let state = try StateDirectory(path, program: "orakey-gateway")
        let http = try HTTPClient()
        let service = try GatewayService(
            settings: settings, databasePath: state.path + "/gateway.sqlite", version: orakeyVersion, http: http,
            log: log
        ) { addresses in
            SystemdNotification.ready()
            log.notice(
                "ready", metadata: ["listen": "\(addresses.joined(separator: " "))", "version": "\(orakeyVersion)"])
        }
        try await ServiceGroup(
            services: [service, ReloadService(reloader: service.reloader)],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: log
        ).run()
        await http.shutdown()
        log.notice("stopped")
    }
}

/// SIGHUP reads the configuration anew, however often it comes.
struct ReloadService: Service {
    let reloader: GatewayReloader

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            await reloader.reload()
        }
    }
}

extension LogFormat: ExpressibleByArgument {}
extension LogLevel: ExpressibleByArgument {}
