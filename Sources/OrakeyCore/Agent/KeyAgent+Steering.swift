public import EthereumCore
import OrakeyContract
public import OrakeyKey

/// What operators do with intents under way, and with keys that this host did not create.
extension KeyAgent {
    /// Makes an intent urgent.
    public func speedUp(_ id: Int64) throws -> (Intent, TransactionSlot?) {
        let network = try self.network(ofIntent: id)
        let now = clock.now
        try step(network) { ledger in
            try Self.translated(id, at: now) { () throws(NetworkLedger.Refusal) in try ledger.speedUp(id, at: now) }
        }
        kick(network)
        return try intent(id)
    }

    /// Withdraws an intent that is no disable.
    public func cancel(_ id: Int64) throws -> (Intent, TransactionSlot?) {
        let network = try self.network(ofIntent: id)
        let now = clock.now
        try step(network) { ledger in
            try Self.translated(id, at: now) { () throws(NetworkLedger.Refusal) in try ledger.cancel(id, at: now) }
        }
        kick(network)
        return try intent(id)
    }

    /// Takes foreign or recovered keys into the pool: the named one, or all; on one network, if that is named. Returns
    /// their fingerprints.
    public func adopt(_ target: RevocationTarget, network: NetworkName?) throws -> [String] {
        var found: [NetworkName: [Bytes32]] = [:]
        switch target {
        case .all:
            for name in try network.map({ [try resolve($0)] }) ?? Array(ledgers.keys) {
                try loadRecovered(on: name)
                guard let ledger = ledgers[name] else { continue }
                let keys = ledger.keys.values.filter {
                    ($0.state == .foreign || $0.state == .recovered) && $0.disabledBlock == nil
                        && ledger.isSettledForAdoption($0)
                }
                found[name] = keys.map(\.message).sorted()
            }
        case .message, .fingerprint: found = try find(target, on: network)
        case .key, .consumer: throw AgentError(.badRequest, "name a fingerprint, a message, or all")
        }
        var fingerprints: [String] = []
        for (name, messages) in found.sorted(by: { $0.key < $1.key }) {
            let now = clock.now
            try load(messages, on: name)
            fingerprints += try step(name) { ledger in
                for message in messages {
                    do throws(NetworkLedger.Refusal) { try ledger.adopt(message, at: now) } catch {
                        if case .unsettled = error {
                            throw AgentError(
                                .conflict, "the create of key \(message) is not settled on chain; try again later")
                        }
                        throw AgentError(.conflict, "key \(message) is not foreign or recovered, or is dead")
                    }
                }
                return messages.compactMap { ledger.keys[$0]?.fingerprint?.description }
            }
        }
        guard !found.values.allSatisfy(\.isEmpty) else { throw AgentError(.unknownKey, "no such key") }
        return fingerprints
    }

    /// Appoints the revoker of a network; the zero address withdraws it.
    public func setRevoker(network: NetworkName?, address: Address, tag: IdempotencyTag?) throws -> Accepted {
        if let done = try reply(to: tag) { return done }
        let name = try resolve(network)
        guard let profile = profiles[name], profile.contract.messagePrefix != nil else {
            throw AgentError(.conflict, "the contract of \(name) is not the reference contract and has no revoker")
        }
        guard address != profile.owner else { throw AgentError(.badRequest, "the owner can't be its own revoker") }
        try requireUnlocked()
        return try run(on: [name], tag) { _, ledger, now in ledger.setRevoker(address, at: now) }
    }

    /// Ends alarms that tell of something that has happened: the named one, on one network or on all.
    public func acknowledge(_ code: Alarm.Code, network: NetworkName?) throws {
        let names = try network.map { [try resolve($0)] } ?? Array(ledgers.keys)
        let standing = names.filter { ledgers[$0]?.alarms[code] != nil }
        guard !standing.isEmpty else { throw AgentError(.badRequest, "there is no alarm \(code.rawValue)") }
        for name in standing {
            try step(name) { ledger in
                do throws(NetworkLedger.Refusal) { try ledger.acknowledge(code) } catch {
                    throw AgentError(
                        .conflict, "the alarm \(code.rawValue) ends with its cause, not by an operator's word")
                }
            }
        }
    }

    private func network(ofIntent id: Int64) throws -> NetworkName {
        try load()
        if let name = ledgers.first(where: { $0.value.intents[id] != nil })?.key { return name }
        let (intent, _) = try intent(id)
        guard intent.state.isFinal else {
            throw AgentError(
                .conflict, "intent \(id) is for network \(intent.network), which is not in use here",
                hint: "put networks.\(intent.network) and its contract back into the configuration, restart orakeyd")
        }
        throw Self.tooLate(id, intent.state)
    }

    private static func tooLate(_ id: Int64, _ state: Intent.State) -> AgentError {
        AgentError(.conflict, "too late: intent \(id) is \(state.rawValue)")
    }

    private static func translated(
        _ id: Int64, at now: Timestamp, _ body: () throws(NetworkLedger.Refusal) -> Void
    ) throws {
        do throws(NetworkLedger.Refusal) { try body() } catch {
            switch error {
            case .unknown: throw AgentError(.unknownIntent, "no intent \(id)")
            case .tooLate(let state): throw Self.tooLate(id, state)
            case .final:
                throw AgentError(.conflict, "intent \(id) disables a key; a revocation is final and can't be cancelled")
            case .notDue(let due):
                throw AgentError(
                    .conflict,
                    "not due yet: intent \(id) waits for the grace of a retiring key, \(due.seconds(since: now)) s more",
                    hint: "revoke the key to disable it at once")
            case .unsettled: throw AgentError(.conflict, "the key's create is not settled on chain; try again later")
            case .stands: throw AgentError(.conflict, "the alarm's cause is still there")
            case .notAdoptable(let state):
                throw AgentError(.conflict, "a key that is \(state.rawValue) can't be adopted")
            }
        }
    }
}
