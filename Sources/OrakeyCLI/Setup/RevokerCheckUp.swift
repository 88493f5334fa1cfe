import EthereumCore
import EthereumRPC
import EthereumWallet
import OrakeyAPI
import OrakeyConfig
import OrakeyKey

/// The second wallet: whether it is there, appointed, and able to pay.
struct RevokerCheckUp {
    /// More gas than the disable of one key takes.
    private static let gas: UInt64 = 60_000
    private static let subject = "revoker"

    let section: RevokerSection
    /// What the running daemon says; nil where none answers.
    let status: Status?

    /// Its file, and whether the daemon has it open.
    func findings() -> [Finding] {
        do throws(WalletError) {
            _ = try WalletFile.read(section.keystore)
        } catch {
            let mend =
                switch error {
                case .tooOpen(let path, _): "chmod 600 \(path)"
                case .unreadable: "run this as root or as the user of orakeyd, or correct revoker: in orakeyd.yaml"
                default: "restore the file from a copy, or import the wallet again: orakey wallet import"
                }
            return [.failure(Self.subject, "\(error)", mend: mend)]
        }
        guard let status else { return [] }
        guard let address = status.revoker else {
            return [
                .failure(
                    Self.subject, "its wallet is closed, and revocations wait while the owner's is locked",
                    mend:
                        "set revoker.passphrase_file, or give systemd the credential revoker-passphrase; restart orakeyd"
                )
            ]
        }
        return [.ok(Self.subject, "its wallet is open, address \(address)")]
    }

    /// Whether the contract knows it, and what it has for gas.
    func findings(on network: NetworkSection, owner: String?) async -> [Finding] {
        guard let text = status?.revoker, let address = try? Address(text), let contract = network.contract else {
            return []
        }
        let subject = "\(Self.subject) on \(network.name)"
        guard network.abi == nil else {
            return [
                .warning(
                    subject, "the contract is not the reference contract and has no revoker",
                    mend: "revoke with the owner's wallet unlocked")
            ]
        }
        do {
            let chain = Chain(
                name: network.name, id: network.chainID,
                client: try Chain.client(network.rpc, id: network.chainID), contract: contract, section: network)
            var findings: [Finding] = []
            if let owner = try owner.map({ try Address($0) }) {
                findings.append(try await appointment(of: address, by: owner, chain, contract, network.name))
            }
            findings.append(try await money(of: address, chain, network.name))
            return findings
        } catch {
            return [.failure(subject, error, mend: "see what is said of the endpoints and the contract above")]
        }
    }

    private func appointment(
        of address: Address, by owner: Address, _ chain: Chain, _ contract: Address, _ network: NetworkName
    ) async throws -> Finding {
        let subject = "\(Self.subject) on \(network)"
        let views = try ReferenceContract.Views(chain: chain, address: contract, block: try await chain.head().number)
        let appointed = try await views.revoker(of: owner)
        if appointed == address { return .ok(subject, "\(address) is appointed") }
        let known = appointed.isZero ? "nobody" : "\(appointed)"
        return .failure(
            subject, "the contract has \(known) as revoker of \(owner)",
            mend: "orakey revoker set \(address) --network \(network)")
    }

    private func money(of address: Address, _ chain: Chain, _ network: NetworkName) async throws -> Finding {
        let subject = "money of the revoker on \(network)"
        let balance = try await chain.client.send(.balance(address, .latest))
        // Twice, since a revocation is urgent and leaves room for a replacement.
        let needed = try await chain.client.send(.gasPrice).saturatingMultiply(UInt256(2 * Self.gas))
        guard balance >= needed else {
            return .failure(
                subject, "\(address) has \(Amounts.ether(balance)), and a revocation may cost \(Amounts.ether(needed))",
                mend: "send it some ETH")
        }
        return .ok(subject, "\(address) has \(Amounts.ether(balance))")
    }
}
