import EthereumCore
import EthereumRPC
import EthereumWallet
import Glibc
import OrakeyClient
import OrakeyConfig

/// Rights and content of the files on disk.
struct FileCheckUp {
    private let configuration: Configuration

    init(_ configuration: Configuration) { self.configuration = configuration }

    /// Whether an endpoint's address has more than a host in it, which is where providers put access tokens.
    private var hasTokens: Bool {
        configuration.networks.flatMap(\.rpc).contains { endpoint in
            !endpoint.string.hasPrefix("http+unix:") && endpoint.string != endpoint.description
                && endpoint.string + "..." != endpoint.description
        }
    }

    func findings() -> [Finding] {
        var findings: [Finding] = []
        var status = stat()
        for file in [configuration.file, configuration.wallet.keystore] {
            let folder = AtomicFile.folder(of: file)
            if stat(folder, &status) == 0, status.st_mode & S_IWOTH != 0, status.st_mode & S_ISVTX == 0 {
                findings.append(
                    .failure("permissions", "everybody may replace files in \(folder)", mend: "chmod o-w \(folder)"))
            }
        }
        if stat(configuration.file, &status) == 0 {
            if status.st_mode & (S_IWGRP | S_IWOTH) != 0 {
                findings.append(
                    .failure(
                        "permissions", "others may write \(configuration.file), and decide who gets keys",
                        mend: "chmod go-w \(configuration.file)"))
            } else if status.st_mode & S_IROTH != 0, hasTokens {
                findings.append(
                    .warning(
                        "permissions",
                        "everybody may read \(configuration.file), with what its endpoints' addresses hold",
                        mend: "chmod o-r \(configuration.file)"))
            }
        }
        let wallet = configuration.wallet.keystore
        do throws(WalletError) {
            let read = try WalletFile.read(wallet)
            let address = read.address.map { " of \($0)" } ?? ""
            findings.append(.ok("wallet", "\(wallet) is a \(read.kind.rawValue) wallet\(address), for its owner alone"))
        } catch {
            let mend =
                switch error {
                case .unreadable(_, ENOENT): "orakey init makes one"
                case .unreadable: "run this as root or as the user of orakeyd"
                case .tooOpen(let path, _): "chmod 600 \(path)"
                default: "restore the file from a copy, or import the wallet again: orakey wallet import"
                }
            findings.append(.failure("wallet", "\(error)", mend: mend))
        }
        return findings
    }
}

/// Endpoints, chain, clock, contract and money of one network.
struct NetworkCheckUp {
    /// How far the head's timestamp may be ahead of this host's clock.
    private static let skewSeconds: UInt64 = 30
    /// How old a head may be before the endpoint seems to stand still.
    private static let stillSeconds: UInt64 = 600

    let section: NetworkSection
    /// What the daemon says who owns the keys.
    let owner: String?

    func findings() async -> [Finding] {
        var findings: [Finding] = []
        for endpoint in section.rpc { findings += await look(at: endpoint) }
        guard findings.contains(where: { $0.state != .failure }) else { return findings }
        do {
            let chain = Chain(
                name: section.name, id: section.chainID, client: try Chain.client(section.rpc, id: section.chainID),
                contract: section.contract, section: section)
            findings.append(try await contract(chain))
            if let finding = try await money(chain) { findings.append(finding) }
        } catch {
            findings.append(
                .failure(
                    "contract on \(section.name)", error,
                    mend: "correct contract: in the configuration; orakey contract deploy makes one"))
        }
        return findings
    }

    private func look(at endpoint: EndpointURL) async -> [Finding] {
        let subject = "\(section.name) at \(endpoint)"
        do {
            let client = try Chain.client([endpoint], id: section.chainID, attempts: 2)
            guard let head = try await client.send(.block(.latest)) else {
                return [.failure(subject, "has no head block", mend: "use another endpoint")]
            }
            let now = Clock.unix
            if head.timestamp > now + Self.skewSeconds {
                return [
                    .warning(
                        "clock", "block \(head.number) is \(head.timestamp - now) s in the future",
                        mend: "set this host's clock")
                ]
            }
            let age = now > head.timestamp ? now - head.timestamp : 0
            if age > Self.stillSeconds {
                return [
                    .warning(
                        subject, "block \(head.number) is \(Amounts.duration(seconds: age)) old",
                        mend: "use another endpoint if the chain goes on, or set this host's clock if that is ahead")
                ]
            }
            return [.ok(subject, "chain \(section.chainID), block \(head.number), \(age) s old")]
        } catch {
            return [.failure(subject, error, mend: "check the address and chain_id, or use another endpoint")]
        }
    }

    private func contract(_ chain: Chain) async throws -> Finding {
        let subject = "contract on \(section.name)"
        guard let address = section.contract else {
            return .failure(subject, "none is configured", mend: "orakey contract deploy, or orakey init --deploy")
        }
        let head = try await chain.head()
        try await chain.requireCode(at: address, block: head)
        if section.abi != nil {
            _ = try chain.contractDescription()
            return .ok(subject, "\(address) has code, and the ABI has what the configuration names")
        }
        let views = try ReferenceContract.Views(chain: chain, address: address, block: head.number)
        return try await views.isReference()
            ? .ok(subject, "\(address) is the reference contract")
            : .failure(
                subject, "\(address) is not the reference contract",
                mend: "correct the address, or describe it under abi:")
    }

    private func money(_ chain: Chain) async throws -> Finding? {
        guard let owner, let address = try? Address(owner) else { return nil }
        let subject = "money on \(section.name)"
        let balance = try await chain.client.send(.balance(address, .latest))
        if balance == 0 {
            return .failure(subject, "\(address) has nothing", mend: "send it some ETH for transactions")
        }
        if let low = section.lowBalance, balance < UInt256(low) {
            return .warning(subject, "\(address) has \(Amounts.ether(balance)) left", mend: "send it some ETH")
        }
        return .ok(subject, "\(address) has \(Amounts.ether(balance))")
    }
}
