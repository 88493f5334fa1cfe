import EthereumABI
import EthereumCore
import EthereumRPC
import EthereumWallet
import OrakeyClient
import OrakeyConfig
import OrakeyCore
import OrakeyKey

/// Deploys the reference contract, at most once for a call of the command: signed bytes on disk first, and a repeat goes
/// on with the same bytes.
struct Deployer {
    let chain: Chain
    let account: Account
    let confirmations: Confirmations
    let timeout: Int

    /// Gas above the estimate, in percent.
    private static let gasMargin: UInt64 = 15
    /// Time between two looks at the chain.
    private static let pollInterval = Duration.milliseconds(500)

    /// - Parameter again: Deploys anew although the journal knows a contract that is there.
    func deploy(_ journal: inout DeploymentJournal, again: Bool) async throws -> Deployment {
        var deployment: Deployment
        var isFresh = false
        if let known = journal.last(chainID: chain.id, sender: account.address), try await isUseful(known, again) {
            deployment = known
            if known.state == .confirmed, try await hasCode(known.address) {
                say("deployed already; --again deploys another one")
                return known
            }
        } else {
            deployment = try await sign()
            isFresh = true
            try journal.record(deployment)
        }
        deployment.state = .signed
        var refused: RPCError?
        do throws(RPCError) {
            try await broadcast(deployment)
        } catch {
            // Certain that nobody took it: the next call signs anew, at its day's fees.
            if isFresh { refused = error } else { throw error }
        }
        if let refused {
            try journal.remove(deployment)
            throw refused
        }
        let receipt = try await wait(for: deployment)
        deployment.block = receipt.blockNumber
        deployment.state = receipt.status ? .confirmed : .failed
        try journal.record(deployment)
        guard receipt.status else {
            throw Failure(
                .negative, "the deployment reverted in block \(receipt.blockNumber), transaction \(deployment.hash)")
        }
        guard receipt.contractAddress == deployment.address, try await hasCode(deployment.address) else {
            throw Failure(.temporary, "the endpoint shows no code at \(deployment.address); ask another one")
        }
        return deployment
    }

    /// Whether an earlier deployment can still lead somewhere: its contract is there, or its nonce is free.
    private func isUseful(_ known: Deployment, _ again: Bool) async throws -> Bool {
        if known.state == .failed { return false }
        if try await hasCode(known.address) { return !again || known.state == .signed }
        if try await chain.client.send(.receipt(known.hash)) != nil { return true }
        return try await chain.client.send(.transactionCount(account.address, .latest)) <= known.nonce
    }

    private func hasCode(_ address: Address) async throws -> Bool {
        try await !chain.client.send(.code(address, .latest)).isEmpty
    }

    private func sign() async throws -> Deployment {
        let data = ReferenceContract.bytecode
        let nonce = try await chain.client.send(.transactionCount(account.address, .pending))
        let estimate = try await chain.client.send(
            .estimateGas(CallRequest(from: account.address, to: nil, data: data)))
        let gas = estimate + estimate * Self.gasMargin / 100
        let offer = try await fees()
        try await checkBalance(cost: UInt256(gas).multipliedReportingOverflow(by: offer.ceiling))
        let transaction: Transaction =
            switch offer {
            case .dynamic(let maxFee, let tip):
                .dynamicFee(
                    DynamicFeeTransaction(
                        chainID: chain.id, nonce: nonce, maxPriorityFeePerGas: tip, maxFeePerGas: maxFee, gasLimit: gas,
                        to: nil, value: 0, data: data, accessList: []))
            case .legacy(let gasPrice):
                .legacy(
                    LegacyTransaction(
                        chainID: chain.id, nonce: nonce, gasPrice: gasPrice, gasLimit: gas, to: nil, value: 0,
                        data: data))
            }
        let signed = try account.sign(transaction)
        return Deployment(
            network: chain.name.map { "\($0)" } ?? "", chainID: chain.id, sender: account.address, nonce: nonce,
            raw: signed.raw)
    }

    private func fees() async throws -> FeeOffer {
        let limits = chain.section?.fees ?? FeeSection()
        let policy = FeePolicy(
            maxFee: UInt256(limits.maxFeePerGas), maxTip: UInt256(limits.maxPriorityFeePerGas),
            fixedTip: limits.priorityFeePerGas.map { UInt256($0) }, bumpPercent: limits.bumpPercent, resubmitAfter: 0)
        return policy.offer(in: try await market(), urgent: false)
    }

    private func market() async throws -> FeeMarket {
        let head = try await chain.head()
        guard let base = head.baseFeePerGas, base > 0 else {
            let price = try await chain.client.send(.gasPrice)
            return FeeMarket(nextBaseFee: nil, usualTip: price, highTip: price)
        }
        let tip = try await chain.client.send(.maxPriorityFeePerGas)
        return FeeMarket(nextBaseFee: base, usualTip: tip, highTip: tip)
    }

    private func checkBalance(cost: (partialValue: UInt256, overflow: Bool)) async throws {
        let balance = try await chain.client.send(.balance(account.address, .latest))
        guard !cost.overflow, balance >= cost.partialValue else {
            throw Failure(
                .temporary,
                "\(account.address) has \(Amounts.ether(balance)) and the deployment may cost \(Amounts.ether(cost.partialValue)); pay some in and try again"
            )
        }
    }

    private func broadcast(_ deployment: Deployment) async throws(RPCError) {
        do throws(RPCError) {
            _ = try await chain.client.send(.sendRawTransaction(deployment.raw))
        } catch {
            // It is there, or it was: the receipt says which.
            if case .server(_, _, _, .alreadyKnown) = error.kind { return }
            if case .server(_, _, _, .nonceTooLow) = error.kind { return }
            if error.mayHaveTakenEffect { return }
            throw error
        }
    }

    private func wait(for deployment: Deployment) async throws -> Receipt {
        var line = ProgressLine()
        let hash = deployment.hash
        var head: UInt64 = 0
        repeat {
            if let receipt = try await settledReceipt(hash, &head) { return receipt }
            let taken = try await chain.client.send(.transactionCount(account.address, .latest)) > deployment.nonce
            if taken, try await chain.client.send(.receipt(hash)) == nil {
                throw Failure(
                    .negative,
                    "another transaction of \(account.address) took nonce \(deployment.nonce); run the command again to deploy"
                )
            }
            line.show("waiting for transaction \(hash), block \(head)")
            try await Task.sleep(for: Self.pollInterval)
        } while line.elapsed < timeout
        throw Failure(
            .temporary,
            "transaction \(hash) is not confirmed within \(timeout) seconds; the same command goes on with the same transaction"
        )
    }

    /// The receipt once its block is as deep as asked for.
    private func settledReceipt(_ hash: Bytes32, _ head: inout UInt64) async throws -> Receipt? {
        head = try await chain.client.send(.blockNumber)
        guard let receipt = try await chain.client.send(.receipt(hash)) else { return nil }
        switch confirmations {
        case .depth(let depth): return head + 1 >= receipt.blockNumber + depth ? receipt : nil
        case .safe: return try await isBelow(.safe, receipt) ? receipt : nil
        case .finalized: return try await isBelow(.finalized, receipt) ? receipt : nil
        }
    }

    private func isBelow(_ block: BlockID, _ receipt: Receipt) async throws -> Bool {
        guard let settled = try await chain.client.send(.block(block)) else { return false }
        return settled.number >= receipt.blockNumber
    }
}
