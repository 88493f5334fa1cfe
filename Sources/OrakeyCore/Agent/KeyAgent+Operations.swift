public import EthereumCore
public import EthereumWallet
import OrakeyConfig
public import OrakeyKey

/// What operators ask for.
extension KeyAgent {
    /// Intents to wait for and the keys concerned.
    public struct Accepted: Sendable, Equatable {
        public var intents: [Int64] = []
        public var fingerprints: [String] = []
        /// Keys that go as soon as there is a successor; the intent of their disable does not exist yet.
        public var awaiting: [AwaitedKey] = []

        init(intents: [Int64], fingerprints: [String], awaiting: [AwaitedKey]) {
            self.intents = intents
            self.fingerprints = fingerprints
            self.awaiting = awaiting
        }

        init(joining parts: [Accepted]) {
            intents = parts.flatMap(\.intents)
            fingerprints = parts.flatMap(\.fingerprints)
            awaiting = parts.flatMap(\.awaiting)
        }
    }

    /// A key whose successor is still to be created.
    public struct AwaitedKey: Sendable, Hashable {
        public let network: NetworkName
        public let message: Bytes32
    }

    /// An `Idempotency-Key` with the SHA-256 of the call it belongs to.
    public struct IdempotencyTag: Sendable {
        public let key: String
        public let request: Bytes32

        public init(key: String, request: Bytes32) {
            self.key = key
            self.request = request
        }
    }

    /// What to revoke.
    public enum RevocationTarget: Sendable {
        /// The key string itself, as it leaked.
        case key(SecretBytes)
        case message(Bytes32)
        case fingerprint(Fingerprint)
        /// All keys that the consumer holds or that are being retired from it.
        case consumer(String)
        /// Every key there is.
        case all
    }

    /// Replaces the key of one consumer, or of all.
    public func rotate(
        consumer: String?, network: NetworkName?, graceSeconds: Int64?, tag: IdempotencyTag?
    ) throws -> Accepted {
        if let done = try reply(to: tag) { return done }
        if let network, ledgers[network] == nil { _ = try resolve(network) }
        let chosen = consumers.filter {
            (consumer == nil || consumer == $0.name) && (network == nil || network == $0.network)
        }
        guard !chosen.isEmpty else {
            throw AgentError(
                .unknownConsumer,
                "no consumer \(consumer.map { "named \"\($0)\" " } ?? "")is configured"
                    + (network.map { " on \($0)" } ?? ""))
        }
        let longest = ConsumerSection.longestGrace.components.seconds
        guard graceSeconds.map({ (0...longest).contains($0) }) ?? true else {
            throw AgentError(.badRequest, "grace_seconds must be from 0 to \(longest)")
        }
        if let asleep = chosen.first(where: { dormant.contains($0.network) }), consumer != nil || network != nil {
            throw Self.noContract(asleep.network)
        }
        try requireUnlocked()
        return try run(on: Set(chosen.map(\.network)).subtracting(dormant), tag) { name, ledger, now in
            var outcome = NetworkLedger.Outcome()
            for settings in chosen where settings.network == name {
                let one = ledger.rotate(settings.name, grace: graceSeconds, at: now)
                outcome.intents += one.intents
                outcome.messages += one.messages
                outcome.awaiting += one.awaiting
            }
            return outcome
        }
    }

    /// Takes keys out of circulation before it returns, and plans their disable.
    ///
    /// - Parameter network: narrows the target to one network.
    public func revoke(
        _ target: RevocationTarget, network: NetworkName? = nil, reason: String?, tag: IdempotencyTag?
    ) throws -> Accepted {
        if let done = try reply(to: tag) { return done }
        // Circulation ends first, in memory; the journal follows before the reply. What a repeat means was decided by the
        // first call, also if the journal does not have it yet.
        let revocation: WithheldRevocation
        if let tag, let waiting = withheld.first(where: { $0.tag?.key == tag.key }) {
            revocation = waiting
        } else {
            let messages = try find(target, on: network)
            guard !messages.isEmpty else { throw AgentError(.unknownKey, "no such key") }
            revocation = try withhold(messages, reason: reason, tag: tag)
        }
        do { return try journal(revocation) } catch let error as AgentError where error.code == .journalFailed {
            throw AgentError(
                .journalFailed, error.description,
                hint: "the keys are handed out no longer, but only this process knows: free disk space or mend the"
                    + " state directory before it stops; the disable is then journaled and sent by itself")
        }
    }

    // MARK: - Parts

    /// New keys need the wallet; a revocation does not, and a repeated call only wants its reply.
    func requireUnlocked() throws {
        guard isLocked else { return }
        throw AgentError(.locked, "the wallet is locked, and this needs its signature", hint: "orakey unlock")
    }

    /// An operation: decisions and replies of all its networks in one commit, then the board, then the workers are woken.
    /// The caller has looked whether the tag is known.
    func run(
        on names: Set<NetworkName>, _ tag: IdempotencyTag?,
        _ decide: (NetworkName, inout NetworkLedger, Timestamp) -> NetworkLedger.Outcome
    ) throws -> Accepted {
        let (names, now) = (names.sorted { $0.description < $1.description }, clock.now)
        let parts = try step(on: names) { name, ledger in accept(decide(name, &ledger, now), tag, name, &ledger) }
        for name in names { kick(name) }
        return Accepted(joining: parts)
    }

    /// The reply to a call of which this is the outcome on one network, journaled with it.
    func accept(
        _ outcome: NetworkLedger.Outcome, _ tag: IdempotencyTag?, _ name: NetworkName, _ ledger: inout NetworkLedger
    ) -> Accepted {
        let accepted = Accepted(
            intents: outcome.intents,
            fingerprints: outcome.messages.compactMap { ledger.keys[$0]?.fingerprint?.description },
            awaiting: outcome.awaiting.map { AwaitedKey(network: name, message: $0) })
        if let tag {
            forgetReplies(with: &ledger)
            ledger.remember(
                IdempotentReply(
                    key: tag.key, network: name, request: tag.request, intents: accepted.intents,
                    fingerprints: accepted.fingerprints, awaiting: outcome.awaiting, createdAt: clock.now))
        }
        return accepted
    }

    /// The reply that an earlier call with the same tag got, on whatever networks that was; nothing else is asked then.
    /// Another request under the tag is refused, whatever it is about.
    func reply(to tag: IdempotencyTag?) throws -> Accepted? {
        try load()
        guard let tag else { return nil }
        let parts = try read { try journal.replies(to: tag.key) }
        let requests = parts.map(\.request) + withheld.compactMap { $0.tag?.key == tag.key ? $0.tag?.request : nil }
        guard requests.allSatisfy({ $0 == tag.request }) else { throw Self.tagInUse }
        guard !parts.isEmpty else { return nil }
        return Accepted(
            joining: parts.map { part in
                Accepted(
                    intents: part.intents, fingerprints: part.fingerprints,
                    awaiting: part.awaiting.map { AwaitedKey(network: part.network, message: $0) })
            })
    }

    static var tagInUse: AgentError {
        AgentError(
            .idempotencyConflict, "this Idempotency-Key was used for another request",
            hint: "use a fresh Idempotency-Key")
    }

    /// The network a call means: the named one, or the only one.
    func resolve(_ network: NetworkName?) throws -> NetworkName {
        if let network {
            if dormant.contains(network) { throw Self.noContract(network) }
            guard profiles[network] != nil else {
                throw AgentError(.unknownNetwork, "no network \(network) is configured")
            }
            return network
        }
        if profiles.isEmpty, let only = dormant.first { throw Self.noContract(only) }
        guard let only = profiles.keys.first, profiles.count == 1 else {
            throw AgentError(
                .badRequest, "several networks are configured", hint: "name one of them with \"network\"")
        }
        return only
    }

    static func noContract(_ network: NetworkName) -> AgentError {
        AgentError(
            .noContract, "network \(network) has no contract",
            hint: "run orakey contract deploy, set networks.\(network).contract and restart orakeyd")
    }

    /// The keys that are meant, by network.
    func find(_ target: RevocationTarget, on network: NetworkName?) throws -> [NetworkName: [Bytes32]] {
        let chosen = try network.map(resolve)
        let found = try find(target).filter { chosen == nil || $0.key == chosen }
        // One key is meant. The same message may be another key on another network, and a revocation can't be taken back.
        if case .message = target, found.count > 1 {
            let names = found.keys.map(\.description).sorted().joined(separator: " and ")
            throw AgentError(
                .ambiguous, "the message is that of keys on \(names)", hint: "name one of them with \"network\"")
        }
        return found
    }

    private func find(_ target: RevocationTarget) throws -> [NetworkName: [Bytes32]] {
        switch target {
        case .key(let secret): return try find(secret)
        case .message(let message): return try known(try read { try journal.keys(message: message) })
        case .fingerprint(let fingerprint): return try known(try read { try journal.keys(fingerprint: fingerprint) })
        case .consumer(let name):
            // One that is configured no longer may still hold keys.
            let held = living { $0.consumer == name }
            guard !held.isEmpty || consumers.contains(where: { $0.name == name }) else {
                throw AgentError(.unknownConsumer, "no consumer \"\(name)\" is configured or holds a key")
            }
            return held
        case .all:
            for name in ledgers.keys { try loadRecovered(on: name) }
            return living { _ in true }
        }
    }

    /// A leaked key is ours if its signature is: whether the journal knows it does not matter.
    private func find(_ secret: SecretBytes) throws -> [NetworkName: [Bytes32]] {
        let key: APIKey
        do { key = try APIKey(parsing: secret) } catch {
            throw AgentError(.malformedKey, "not a well-formed key: \(error)")
        }
        guard let ledger = ledgers[key.network] else {
            throw AgentError(.unknownNetwork, "the key is for network \(key.network), which is not configured here")
        }
        guard let owner = try? key.owner(scheme: ledger.settings.scheme), owner == ledger.settings.owner else {
            throw AgentError(.unknownKey, "the key was not signed by this wallet")
        }
        return [key.network: [key.message]]
    }

    private func known(_ keys: [KeyRecord]) throws -> [NetworkName: [Bytes32]] {
        let here = keys.filter { ledgers[$0.network]?.settings.owner == $0.owner }
        return Dictionary(grouping: here, by: \.network).mapValues { $0.map(\.message) }
    }

    private func living(_ condition: (KeyRecord) -> Bool) -> [NetworkName: [Bytes32]] {
        ledgers.mapValues { ledger in
            ledger.keys.values.filter { $0.state != .disabled && $0.state != .orphaned && condition($0) }
                .map(\.message).sorted()
        }
        .filter { !$0.value.isEmpty }
    }

    private func read<T>(_ body: () throws -> T) throws -> T {
        do { return try body() } catch { throw AgentError.journal(error) }
    }
}
