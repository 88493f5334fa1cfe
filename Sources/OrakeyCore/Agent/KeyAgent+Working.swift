import EthereumCore
import EthereumWallet
import Logging
import OrakeyContract
import OrakeyKey

/// A transaction to be: which intents, which call.
struct TransactionOrder: Sendable {
    let intents: [Int64]
    let owner: Address
    let contract: Address
    let callData: [UInt8]
    /// Keys it disables; empty for other calls.
    let messages: [Bytes32]
    let isUrgent: Bool

    /// Whether its parts may as well go out alone: several creates.
    var isSeparable: Bool { intents.count > 1 && messages.isEmpty }
}

/// What became of an order.
enum Binding: Sendable {
    case bound(TransactionSlot)
    /// The account can't pay for all of it; perhaps for a part.
    case tooDear
    /// Not now: an alarm says why, or something else was faster.
    case notNow
}

/// What a worker asks of the agent and reports to it.
extension KeyAgent {
    /// What the next look at the chain should cover.
    struct ScanPlan: Sendable {
        let cursor: Cursor?
        let start: UInt64?
        let transactions: [Bytes32]
        /// Hashes of blocks that the ledger has seen.
        let blocks: [UInt64: Bytes32]
        /// Whether anything is planned or under way.
        let isBusy: Bool
    }

    /// The network's profile once its owner is known.
    func followedProfile(_ network: NetworkName) -> NetworkProfile? { ledgers[network]?.settings }

    func scanPlan(_ network: NetworkName, deepReorg: Bool, head: UInt64 = .max) -> ScanPlan? {
        ledgers[network].map {
            ScanPlan(
                cursor: $0.cursor, start: $0.scanStart(afterDeepReorg: deepReorg, head: head),
                transactions: $0.watchedTransactions(afterDeepReorg: deepReorg), blocks: $0.knownBlocks,
                isBusy: $0.isBusy(at: clock.now))
        }
    }

    /// While a transaction is under way the chain is looked at more often.
    func pollInterval(of network: NetworkName) -> Duration {
        let usual = profiles[network]?.pollInterval ?? .seconds(4)
        let isBusy =
            ledgers[network]?.slots.values.contains { $0.isOpen } ?? false || desks[network]?.current != nil
        return isBusy ? min(usual, .milliseconds(500)) : usual
    }

    func advance(to cursor: Cursor, on network: NetworkName) throws { try step(network) { $0.advance(to: cursor) } }

    func note(balance: UInt256, on network: NetworkName) throws {
        let now = clock.now
        try step(network) { $0.note(balance: balance, at: now) }
    }

    func adopt(_ baseline: Baseline, below head: SeenHead, on network: NetworkName) throws {
        try step(network) { $0.adopt(baseline, below: head) }
        try identifyStored(network)
    }

    func apply(_ view: ChainView, on network: NetworkName) throws {
        clear(.chainUnreachable, on: network)
        let now = clock.now
        try load(view.events.map(\.message), on: network)
        try step(network) { $0.apply(view, at: now) }
        updateAge(of: network)
    }

    /// A fresh look at the account, before anything is signed.
    func note(_ account: AccountView, on network: NetworkName) throws {
        let now = clock.now
        try step(network) { $0.note(account, at: now) }
    }

    /// The chain has not changed; time has.
    ///
    /// - Parameter isConfirmed: another endpoint says so too.
    func sawNothingNew(on network: NetworkName, isConfirmed: Bool) throws {
        clear(.chainUnreachable, on: network)
        let now = clock.now
        try step(network) { ledger in
            ledger.sawNothingNew(isConfirmed: isConfirmed, at: now)
            ledger.decide(at: now)
        }
        updateAge(of: network)
    }

    /// All endpoints lag: nothing is concluded from what they say, but time goes on.
    func allLag(_ trouble: ChainReadError?, on network: NetworkName) throws {
        let now = clock.now
        try step(network) { $0.decide(at: now) }
        if let trouble { chainFailed("\(trouble)", on: network) } else { updateAge(of: network) }
    }

    func chainFailed(_ reason: String, on network: NetworkName) {
        raise(.chainUnreachable, reason, on: network)
        updateAge(of: network)
    }

    func endpoints(_ reports: [EndpointReport], on network: NetworkName) {
        endpointReports[network] = reports
        guard let laggard = reports.first(where: { $0.lags >= EndpointReport.lagsForAlarm }) else {
            return clear(.endpointsDisagree, on: network)
        }
        raise(.endpointsDisagree, "\(laggard.url) is behind what is known of the chain; others are asked", on: network)
    }

    /// What is due; nothing while the wallet is locked, except handing out again what is already signed.
    func dueWork(on network: NetworkName) -> [NetworkLedger.Work] {
        guard let ledger = ledgers[network], ledger.view != nil else { return [] }
        let work = ledger.dueWork(at: clock.now).filter { work in
            if case .broadcast = work { return true }
            return accounts[network] != nil
        }
        return withoutRevocations(work, on: network)
    }

    /// The call that carries out these intents; nil when nothing is left to do.
    func order(for intents: [Intent], on network: NetworkName) throws -> TransactionOrder? {
        guard let ledger = ledgers[network], let first = intents.first else { return nil }
        let contract = ledger.settings.contract
        let callData: [UInt8]
        var messages: [Bytes32] = []
        switch first.payload {
        case .create: callData = try contract.encodeCreate(count: intents.reduce(0) { $0 + $1.keyCount })
        case .disable:
            messages = ledger.messagesToDisable(intents)
            guard !messages.isEmpty else {
                try step(network) { $0.alreadyDone(intents.map(\.id)) }
                return nil
            }
            callData = try contract.encodeDisable(messages)
        case .setRevoker(let revoker): callData = try contract.encodeSetRevoker(revoker)
        }
        return TransactionOrder(
            intents: intents.map(\.id), owner: ledger.settings.owner, contract: contract.address, callData: callData,
            messages: messages, isUrgent: intents.contains(where: \.isUrgent))
    }

    /// Binds an order to the next nonce, signs and journals it. After this the bytes may leave the host.
    func bind(
        _ order: TransactionOrder, gasLimit: UInt64, market: FeeMarket, on network: NetworkName
    ) throws -> Binding {
        guard let ledger = ledgers[network], let account = accounts[network], let nonce = ledger.nextNonce,
            let balance = ledger.account?.balance
        else { return .notNow }
        let now = clock.now
        var generator = SystemRandomNumberGenerator()
        let offer = ledger.settings.fees.offer(in: market, urgent: order.isUrgent)
        let fees = ledger.settings.fees.distinct(offer, using: &generator)
        // What is reported must not differ each turn by the random parts: each difference would be journaled.
        let steady = offer.ceiling.saturatingMultiply(UInt256(gasLimit + Self.gasLimitSpread))
            .saturatingAdd(market.dataFee)
        let gasLimit = gasLimit + UInt64.random(in: 0..<Self.gasLimitSpread, using: &generator)
        let needed = fees.ceiling.saturatingMultiply(UInt256(gasLimit)).saturatingAdd(market.dataFee)
        guard balance >= needed else {
            if order.isSeparable { return .tooDear }
            try step(network) { $0.cannotPay(order.intents, needed: steady, at: now) }
            return .notNow
        }
        let attempt = try sign(
            order.callData, for: order.intents, ledger.settings, account, nonce, gasLimit, fees, order.isUrgent, now)
        let slot = try step(network) { ledger in
            let slot = ledger.bind(
                order.intents, nonce: nonce, callData: order.callData, gasLimit: gasLimit, attempt: attempt)
            if slot != nil, let base = market.nextBaseFee, fees.ceiling < base {
                ledger.raise(
                    .feeCapReached,
                    "the base fee of \(base) wei is above the configured cap of \(ledger.settings.fees.maxFee)", at: now
                )
            }
            return slot
        }
        return slot.map { .bound($0) } ?? .notNow
    }

    /// Signatures are deterministic: two hosts on one wallet that make the same call at the same nonce for the same fees
    /// sign the same bytes, and both would take the effect for theirs and hand out the same keys. Some gas that is never
    /// used, and less than a thousandth of the fee, keep transactions apart.
    static let gasLimitSpread: UInt64 = 1 << 14

    /// Signs and journals a replacement with better fees; nil when the cap leaves no room.
    func replace(_ slot: TransactionSlot, market: FeeMarket, on network: NetworkName) throws -> TransactionSlot? {
        guard let ledger = ledgers[network], let account = accounts[network], let slot = ledger.slots[slot.id],
            let newest = slot.attempts.last
        else { return nil }
        let now = clock.now
        let isUrgent = slot.isUrgent || slot.nonce < ledger.lastUrgentNonce ?? 0
        guard let fees = ledger.settings.fees.replacement(for: newest.fees, in: market, urgent: isUrgent) else {
            return nil
        }
        var generator = SystemRandomNumberGenerator()
        let distinct = ledger.settings.fees.distinct(fees, using: &generator)
        let attempt = try sign(
            slot.callData, for: newest.intents, ledger.settings, account, slot.nonce, slot.gasLimit, distinct, isUrgent,
            now)
        return try step(network) { $0.replace(slot.id, with: attempt, callData: slot.callData) }
    }

    /// Signs and journals a transaction that does what the slot is still wanted for, or just takes its nonce; nil when the
    /// cap leaves no room.
    func amend(_ slot: TransactionSlot, market: FeeMarket, on network: NetworkName) throws -> TransactionSlot? {
        guard let ledger = ledgers[network], let account = accounts[network], let slot = ledger.slots[slot.id],
            let newest = slot.attempts.last
        else { return nil }
        let now = clock.now
        guard
            let fees = ledger.settings.fees.replacement(
                for: newest.fees, in: market, urgent: true, isAmendment: true)
        else {
            return nil
        }
        let callData = try ledger.callData(carrying: slot.intents)
        let attempt = try sign(
            callData, for: slot.intents, ledger.settings, account, slot.nonce, slot.gasLimit, fees, true, now)
        return try step(network) { $0.replace(slot.id, with: attempt, callData: callData) }
    }

    /// Signs and journals a transaction that fills a gap in the nonces.
    func fill(
        _ nonce: UInt64, gasLimit: UInt64, market: FeeMarket, on network: NetworkName
    ) throws -> TransactionSlot? {
        guard let ledger = ledgers[network], let account = accounts[network] else { return nil }
        let now = clock.now
        let fees = ledger.settings.fees.offer(in: market, urgent: true)
        let attempt = try sign([], for: [], ledger.settings, account, nonce, gasLimit, fees, true, now)
        return try step(network) { $0.fill(nonce, gasLimit: gasLimit, with: attempt) }
    }

    private func sign(
        _ callData: [UInt8], for intents: [Int64], _ profile: NetworkProfile, _ account: Account, _ nonce: UInt64,
        _ gasLimit: UInt64, _ fees: FeeOffer, _ isUrgent: Bool, _ now: Timestamp
    ) throws -> Attempt {
        // What only takes a nonce is a transfer of nothing to oneself.
        let target = callData.isEmpty ? profile.owner : profile.contract.address
        let transaction: Transaction =
            switch fees {
            case .dynamic(let maxFee, let tip):
                .dynamicFee(
                    DynamicFeeTransaction(
                        chainID: profile.chainID, nonce: nonce, maxPriorityFeePerGas: tip, maxFeePerGas: maxFee,
                        gasLimit: gasLimit, to: target, value: 0, data: callData, accessList: []))
            case .legacy(let gasPrice):
                .legacy(
                    LegacyTransaction(
                        chainID: profile.chainID, nonce: nonce, gasPrice: gasPrice, gasLimit: gasLimit,
                        to: target, value: 0, data: callData))
            }
        let signed = try account.sign(transaction)
        return Attempt(
            hash: signed.hash, raw: signed.raw, fees: fees, isUrgent: isUrgent, intents: intents, signedAt: now)
    }

    func sent(_ slot: Int64, _ hash: Bytes32, on network: NetworkName) throws {
        let now = clock.now
        try step(network) { $0.sent(slot, hash, at: now) }
    }

    func sendingFailed(_ slot: Int64, reason: String, on network: NetworkName) throws {
        let now = clock.now
        try step(network) { $0.sendingFailed(slot, reason: reason, at: now) }
    }

    func cannotPay(_ slot: TransactionSlot, on network: NetworkName) throws {
        let now = clock.now
        let ceiling = slot.attempts.last?.fees.ceiling ?? 0
        let needed = ceiling.multipliedReportingOverflow(by: UInt256(slot.gasLimit)).partialValue
        try step(network) { $0.cannotPay(slot.intents, needed: needed, at: now) }
    }

    func refused(_ intents: [Int64], reason: String, on network: NetworkName) throws {
        let now = clock.now
        try step(network) { $0.refused(intents, reason: reason, at: now) }
    }

    /// Those of these keys whose creation is settled, and the newest block that was seen; nil before the first.
    func settledKeys(_ messages: [Bytes32], on network: NetworkName) -> (messages: [Bytes32], head: UInt64)? {
        guard let ledger = ledgers[network], let view = ledger.view else { return nil }
        return (messages.filter { ledger.keys[$0]?.createdBlock ?? 0 <= view.settled }, view.head.number)
    }

    /// Keys that the journal has as disabled without knowing by what.
    func unprovenDisables(on network: NetworkName) throws -> [Bytes32] {
        do { return try journal.unprovenDisables(network, limit: Self.checkedAtOnce).map(\.message) } catch {
            throw AgentError.journal(error)
        }
    }

    /// More than ever were: each may cost a call.
    private static let checkedAtOnce = 256

    /// The journal has these keys as disabled, and the chain as active.
    func foundAlive(_ messages: [Bytes32], on network: NetworkName) throws {
        let now = clock.now
        try load(messages, on: network)
        try step(network) { $0.foundAlive(messages, at: now) }
    }

    func messagesInUse(on network: NetworkName) -> [Bytes32] { ledgers[network]?.messagesInUse ?? [] }

    func foundDeadInUse(_ messages: [Bytes32], on network: NetworkName) throws {
        let now = clock.now
        try step(network) { $0.foundDeadInUse(messages, at: now) }
    }

    func foundDead(_ messages: [Bytes32], on network: NetworkName) throws {
        let now = clock.now
        try step(network) { $0.foundDead(messages, at: now) }
    }
}
