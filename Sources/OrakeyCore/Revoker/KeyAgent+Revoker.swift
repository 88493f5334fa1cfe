public import EthereumCore
import Logging
import OrakeyContract
import OrakeyKey

/// What the revoker does for the agent, and only while the owner's wallet is locked.
extension KeyAgent {
    /// A disable that the revoker is to carry out.
    struct RevokerOrder: Sendable {
        let revoker: Address
        let profile: NetworkProfile
        let messages: [Bytes32]
    }

    /// The account of the revoker's wallet, where one is open.
    public var revokerAddress: Address? { revoker?.address }

    /// Puts the revoker's wallet to use, for as long as the service runs.
    public func use(_ revoker: RevokerWallet) throws {
        var desks: [NetworkName: RevocationDesk] = [:]
        for name in profiles.keys {
            do {
                desks[name] = RevocationDesk(restoring: try journal.revocations(of: name, by: revoker.address))
            } catch { throw AgentError.journal(error) }
        }
        self.revoker = revoker
        self.desks = desks
        for name in desks.keys { tellLedger(of: name) }
        log.notice("the revoker's wallet is open", metadata: ["revoker": "\(revoker.address)"])
    }

    /// The transaction under way, and whether there may be anything to do.
    func revocationUnderWay(on network: NetworkName) -> (revocation: Revocation, profile: NetworkProfile)? {
        guard revoker != nil, let current = desks[network]?.current, let profile = ledgers[network]?.settings else {
            return nil
        }
        return (current, profile)
    }

    /// The disables that are due and that the owner's wallet can't sign now; nil while one is under way.
    func revokerOrder(on network: NetworkName) -> RevokerOrder? {
        guard let revoker, isLocked, let ledger = ledgers[network], ledger.view != nil,
            ledger.settings.contract.messagePrefix != nil, let desk = desks[network], desk.current == nil
        else { return nil }
        for case .sign(let intents) in ledger.dueWork(at: clock.now) where intents.allSatisfy({ $0.kind == .disable }) {
            let messages = ledger.messagesToDisable(intents)
            guard !messages.isEmpty else { continue }
            return RevokerOrder(
                revoker: revoker.address, profile: ledger.settings,
                messages: Array(messages.prefix(ledger.settings.contract.maxDisableBatch)))
        }
        clear(.revokerUnusable, on: network)
        return nil
    }

    /// Signs and journals; after this the bytes may leave the host.
    func bind(
        _ order: RevokerOrder, account: AccountView, gasLimit: UInt64, market: FeeMarket, on network: NetworkName
    ) throws -> Attempt? {
        guard let revoker, isLocked, var desk = desks[network], desk.current == nil else { return nil }
        let fees = order.profile.fees.offer(in: market, urgent: true)
        let needed = fees.ceiling.saturatingMultiply(UInt256(gasLimit)).saturatingAdd(market.dataFee)
        guard account.balance >= needed else {
            revokerFailed(
                "\(revoker.address) needs \(needed) wei for gas and holds \(account.balance); send funds to it",
                on: network)
            return nil
        }
        let nonce = desk.nonce(onChain: account.nonce)
        let attempt = try revoker.sign(
            disabling: order.messages, order.profile, nonce: nonce, gasLimit: gasLimit, fees: fees, at: clock.now)
        let revocation = Revocation(
            id: lastIdentifier + 1, network: network, revoker: revoker.address, nonce: nonce, messages: order.messages,
            gasLimit: gasLimit, attempts: [attempt])
        desk.begin(revocation, head: ledgers[network]?.view?.head.number)
        try commit(revocation)
        lastIdentifier = revocation.id
        desks[network] = desk
        tellLedger(of: network)
        return attempt
    }

    func replaceRevocation(market: FeeMarket, on network: NetworkName) throws -> Attempt? {
        guard let revoker, var desk = desks[network], let current = desk.current, let newest = current.attempts.last,
            let ledger = ledgers[network]
        else { return nil }
        let rules = ledger.settings.fees
        guard let fees = rules.replacement(for: newest.fees, in: market, urgent: true) else { return nil }
        let attempt = try revoker.sign(
            disabling: current.messages, ledger.settings, nonce: current.nonce, gasLimit: current.gasLimit, fees: fees,
            at: clock.now)
        guard let changed = desk.replace(with: attempt, head: ledger.view?.head.number) else { return nil }
        try commit(changed)
        desks[network] = desk
        tellLedger(of: network)
        return attempt
    }

    func revocationSent(_ hash: Bytes32, on network: NetworkName) throws {
        guard var desk = desks[network], let changed = desk.sent(hash, at: clock.now) else { return }
        try commit(changed)
        desks[network] = desk
    }

    /// What is due about the transaction under way, after a look at the chain.
    func follow(_ view: RevocationView, on network: NetworkName) throws -> RevocationDesk.Step {
        guard var desk = desks[network], let ledger = ledgers[network] else { return .wait }
        if let changed = desk.follow(view) {
            try commit(changed)
            desks[network] = desk
            log.info(
                "revocation \(changed.state.rawValue)",
                metadata: ["network": "\(network)", "nonce": "\(changed.nonce)", "keys": "\(changed.messages.count)"])
            switch changed.state {
            case .mined, .done: clear(.revokerUnusable, on: network)
            case .failed: revokerFailed("the contract reverted the revoker's transaction", on: network)
            case .lost:
                revokerFailed(
                    "nonce \(changed.nonce) of \(changed.revoker) was taken by a transaction this host did not sign",
                    on: network)
            case .open: break
            }
        } else {
            desks[network] = desk
        }
        let (now, fees) = (clock.now, ledger.settings.fees)
        let step = desk.due(at: now, head: view.head, resubmitAfter: fees.resubmitAfter)
        guard step == .replace, let current = desk.current, let newest = current.attempts.last,
            !fees.hasRoom(above: newest.fees)
        else { return step }
        // Only another configuration helps; no need to ask for the price of gas.
        revokerFailed(
            "nonce \(current.nonce) of \(current.revoker) waits at the configured caps of \(fees.maxFee) wei per gas and"
                + " \(fees.maxTip) wei of tip; raise fees.max_fee_gwei or fees.max_tip_gwei", on: network)
        return desk.dueAtCap(at: now)
    }

    /// Why the revoker can't do its part, as an alarm until it can.
    func revokerFailed(_ reason: String, on network: NetworkName) { raise(.revokerUnusable, reason, on: network) }

    /// Work of the owner's without what the revoker has under way.
    func withoutRevocations(_ work: [NetworkLedger.Work], on network: NetworkName) -> [NetworkLedger.Work] {
        guard let taken = desks[network]?.underWay, !taken.isEmpty else { return work }
        return work.compactMap { item in
            guard case .sign(let intents) = item else { return item }
            let free = intents.filter { $0.kind != .disable || taken.isDisjoint(with: $0.messages) }
            return free.isEmpty ? nil : .sign(free)
        }
    }

    /// The owner's ledger knows the revoker's transactions as this host's.
    private func tellLedger(of network: NetworkName) {
        ledgers[network]?.revokerTransactions = Set(desks[network]?.transactions ?? [])
    }

    private func commit(_ revocation: Revocation) throws {
        do {
            let events: [AuditEvent] =
                revocation.state == .open && revocation.attempts.count == 1 && revocation.attempts[0].sentAt == nil
                ? [.revocation(revocation)] : []
            try audit.append(events, with: [.revocation(revocation)])
        } catch { throw AgentError.journal(error) }
    }
}
