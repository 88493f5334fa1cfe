import ArgumentParser
import OrakeyAPI
import OrakeyClient
import OrakeyConfig
import OrakeyCore
import StrictJSON

/// `orakey doctor`.
struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at everything that orakeyd needs, and say what to mend.",
        discussion: """
            Configuration, permissions, wallet files, executables of consumers, endpoints, chain id, clock, contract, balance, revoker, and what the \
            running daemon says about pool, consumers and alarms. Changes nothing. Exit code 1 when something has to be mended.
            """)

    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var json: JSONOption

    func run() async throws {
        var findings: [Finding] = []
        func report(_ finding: Finding) {
            findings.append(finding)
            if !json.isOn { Output.line(finding.line) }
        }
        let daemon = DaemonCheckUp.status()
        do {
            let loaded = try configuration.load()
            report(.ok("configuration", "\(loaded.file) is valid"))
            FileCheckUp(loaded).findings().forEach(report)
            ConsumerCheckUp.findings(loaded.consumers ?? []).forEach(report)
            let revoker = loaded.revoker.map { RevokerCheckUp(section: $0, status: try? daemon.get()) }
            revoker?.findings().forEach(report)
            for section in loaded.networks {
                let owner = (try? daemon.get())?.networks.first { $0.network == "\(section.name)" }?.owner
                for finding in await NetworkCheckUp(section: section, owner: owner).findings() { report(finding) }
                for finding in await revoker?.findings(on: section, owner: owner) ?? [] { report(finding) }
            }
            DaemonCheckUp.findings(daemon, against: loaded).forEach(report)
        } catch let error as ConfigurationError where error.problems.first?.code == .unreadable {
            // Says itself what to do.
            let parts = "\(error)".split(separator: "; ", maxSplits: 1).map(String.init)
            report(.failure("configuration", parts[0], mend: parts.count > 1 ? parts[1] : "name another with --config"))
        } catch {
            report(.failure("configuration", error, mend: "correct the file"))
        }
        DaemonCheckUp.findings(daemon).forEach(report)
        if json.isOn { Output.json(["findings": .array(findings.map(\.json))]) }
        if findings.contains(where: { $0.state == .failure }) { throw Failure.negative }
    }
}

/// What the running daemon says about itself.
enum DaemonCheckUp {
    static func status() -> Result<Status, ClientError> {
        do throws(ClientError) {
            return .success(try ControlClient().status())
        } catch {
            return .failure(error)
        }
    }

    /// What speaks for another configuration than the one that was looked at.
    static func findings(_ answer: Result<Status, ClientError>, against configuration: Configuration) -> [Finding] {
        guard case .success(let status) = answer else { return [] }
        let isSame =
            status.networks.count == configuration.networks.count
            && configuration.networks.allSatisfy { meant in
                guard let served = status.networks.first(where: { $0.network == "\(meant.name)" }) else { return false }
                // Without a contract the daemon has an alarm that says so.
                guard let theirs = served.contract, let ours = meant.contract else { return true }
                return theirs.lowercased() == "\(ours)".lowercased()
            }
        guard !isSame else { return [] }
        return [
            .warning(
                "daemon", "its networks and contracts are not those of \(configuration.file)",
                mend: "restart orakeyd if the file has changed, or name the daemon's file with --config")
        ]
    }

    static func findings(_ answer: Result<Status, ClientError>) -> [Finding] {
        let status: Status
        switch answer {
        case .failure(let error):
            let mend =
                switch error.kind {
                case .unreachable: "start it: systemctl start orakeyd"
                case .notPermitted: "run this as root or as the user of orakeyd"
                default: "look at its log: journalctl -u orakeyd"
                }
            return [.failure("daemon", error, mend: mend)]
        case .success(let answered): status = answered
        }
        var findings: [Finding] = [.ok("daemon", "orakeyd \(status.version) answers")]
        if status.version != orakeyVersion {
            findings.append(
                .warning("daemon", "orakey is of version \(orakeyVersion)", mend: "restart orakeyd after an update"))
        }
        if status.state == .locked {
            findings.append(.failure("daemon", "the wallet is locked, no key is handed out", mend: "orakey unlock"))
        }
        for network in status.networks {
            let subject = "pool of \(network.network)"
            findings.append(
                network.pool.ready >= network.pool.target
                    ? .ok(subject, "\(network.pool.ready) of \(network.pool.target) keys ready")
                    : .warning(
                        subject, "\(network.pool.ready) of \(network.pool.target) keys ready",
                        mend: "it fills by itself; orakey intents shows what it waits for"))
            for alarm in network.alarms {
                findings.append(
                    .failure(
                        "alarm on \(network.network)", "\(alarm.code): \(alarm.message)",
                        mend: Self.mend(alarm.code)))
            }
        }
        for consumer in status.consumers where consumer.fingerprint == nil {
            findings.append(
                .warning("consumer \(consumer.name)", "has no key yet", mend: "orakey intents shows what it waits for"))
        }
        return findings
    }

    private static func mend(_ alarm: String) -> String {
        switch OrakeyCore.Alarm.Code(rawValue: alarm) {
        case .foreignCreate, .foreignDisable, .foreignTransaction:
            "take the wallet for stolen and revoke with orakey revoke --all, unless another host uses it (shared_wallet: true)"
        case .insufficientFunds, .lowBalance: "send the account some ETH"
        case .feeCapReached: "raise fees.max_fee_gwei, or wait until the chain is cheaper"
        case .contractReverts: "orakey contract info shows what is deployed; the address or the ABI may be wrong"
        case .badMessage: "the contract can't be trusted: correct its address"
        case .deepReorg: "orakey keys shows what became of the keys; raise confirmations"
        case .chainUnreachable: "check the endpoints above, or add another under rpc"
        case .endpointsDisagree: "mend the endpoint that is named, or take it out of rpc"
        case .revokerUnusable: "appoint it with orakey revoker set, send it some ETH, check revoker: in orakeyd.yaml"
        case .journalFailed: "make room on the disk of the state directory, and see that orakeyd may write there"
        case .journalNewer: "install the newer orakeyd again, or set the journal aside and run orakey recover"
        case .journalCorrupt: "orakey recover rebuilds the keys from wallet and chain; look for the cause on the disk"
        case nil: "orakey status says more"
        }
    }
}
