public import EthereumCore
import OrakeyConfig
public import OrakeyKey

/// What operators read.
extension KeyAgent {
    /// The state of one network.
    public struct NetworkStatus: Sendable {
        public let profile: NetworkProfile
        public let isOwnerKnown: Bool
        public let view: ChainView?
        public let viewedAt: Timestamp?
        /// In wei, as last read.
        public let balance: UInt256?
        public let poolReady: Int
        public let poolPending: Int
        public let pendingIntents: Int
        public let alarms: [Alarm]
        public let endpoints: [EndpointReport]
    }

    /// The state of one consumer on one network.
    public struct ConsumerStatus: Sendable {
        public let name: String
        public let network: NetworkName
        public let generation: UInt64
        public let fingerprint: Fingerprint?
    }

    public func networkStatus() -> [NetworkStatus] {
        profiles.values.sorted { $0.name.description < $1.name.description }.map { profile in
            let ledger = ledgers[profile.name]
            let own = ledger.map { Array($0.alarms.values) } ?? rememberedAlarms[profile.name] ?? []
            let general = (generalAlarms[profile.name] ?? [:]).values.filter { alarm in
                !own.contains { $0.code == alarm.code }
            }
            let coming = (ledger?.openCreates ?? []).filter { $0.state != .mined }.reduce(0) { sum, intent in
                if case .create(let count) = intent.payload { sum + count } else { sum }
            }
            return NetworkStatus(
                profile: profile, isOwnerKnown: ledger != nil, view: ledger?.view, viewedAt: ledger?.viewedAt,
                balance: ledger?.account?.balance,
                poolReady: ledger?.pool.count ?? 0,
                poolPending: coming + (ledger?.keys.values.count { $0.state == .pending } ?? 0),
                pendingIntents: ledger?.intents.values.count { !$0.state.isFinal } ?? 0,
                alarms: (own + general).sorted { $0.code.rawValue < $1.code.rawValue },
                endpoints: endpointReports[profile.name] ?? [])
        }
    }

    public func consumerStatus() -> [ConsumerStatus] {
        consumers.map { settings in
            let ledger = ledgers[settings.network]
            return ConsumerStatus(
                name: settings.name, network: settings.network,
                generation: ledger?.consumers[settings.name]?.generation ?? 0,
                fingerprint: ledger?.currentKey(of: settings.name)?.fingerprint)
        }
    }

    /// The time the agent goes by.
    public var now: Timestamp { clock.now }

    /// Keys in the order of their first appearance.
    public func keys(after cursor: Int64, limit: Int, state: KeyState?) throws -> [(cursor: Int64, key: KeyRecord)] {
        do {
            return try journal.keys(after: cursor, limit: limit, state: state).map { ($0.cursor, identified($0.key)) }
        } catch {
            throw AgentError.journal(error)
        }
    }

    public func intent(_ id: Int64) throws -> (Intent, TransactionSlot?) {
        do {
            if let found = try journal.intent(id) { return found }
        } catch { throw AgentError.journal(error) }
        throw AgentError(.unknownIntent, "no intent \(id)")
    }

    public func intents(before id: Int64?, limit: Int) throws -> [(Intent, TransactionSlot?)] {
        do { return try journal.intents(before: id, limit: limit) } catch { throw AgentError.journal(error) }
    }

    /// Calls `listener` with everything that happens from now on; returns the number that ends it.
    public nonisolated func listen(_ listener: @escaping @Sendable (AgentEvent) -> Void) -> Int {
        news.listen(listener)
    }

    public nonisolated func endListening(_ number: Int) { news.end(number) }

    /// The key with this fingerprint.
    public func key(_ fingerprint: Fingerprint) throws -> KeyRecord {
        let found: [KeyRecord]
        do { found = try journal.keys(fingerprint: fingerprint) } catch { throw AgentError.journal(error) }
        guard let key = found.first else { throw AgentError(.unknownKey, "no key \(fingerprint)") }
        return key
    }

    /// The profile of a network with a contract.
    public func profile(of network: NetworkName) throws -> NetworkProfile {
        guard let profile = profiles[network] else { throw Self.noContract(network) }
        return profile
    }

    /// How many keys are in each state, by network.
    public func keyCounts() throws -> [KeyCount] {
        guard isLoaded else { return [] }
        do { return try journal.keyCounts() } catch { throw AgentError.journal(error) }
    }

    /// How many intents of each kind are in each state, by network.
    public func intentCounts() throws -> [IntentCount] {
        guard isLoaded else { return [] }
        do { return try journal.intentCounts() } catch { throw AgentError.journal(error) }
    }

    /// The fingerprints of the keys that these intents created or disabled, as far as they are known.
    public func fingerprints(ofIntents ids: [Int64]) throws -> [String] {
        try ids.flatMap { id in
            let (intent, _) = try intent(id)
            return try intent.messages.compactMap { message in
                try record(of: AwaitedKey(network: intent.network, message: message))?.fingerprint?.description
            }
        }
    }

    /// The keys that consumers have got in the place of these.
    public func successors(of keys: [AwaitedKey]) throws -> [String] {
        try keys.compactMap { key in
            guard let consumer = try record(of: key)?.consumer else { return nil }
            return ledgers[key.network]?.currentKey(of: consumer)?.fingerprint?.description
        }
    }

    /// A key as the ledger has it, or else the journal.
    private func record(of key: AwaitedKey) throws -> KeyRecord? {
        if let known = ledgers[key.network]?.keys[key.message] { return known }
        do { return try journal.keys(message: key.message).first { $0.network == key.network } } catch {
            throw AgentError.journal(error)
        }
    }

    /// Waits until what was accepted has ended, as far as it falls due within `seconds`, or the caller is cancelled. A
    /// disable that waits for the end of a longer grace period is no part of it: nobody waits ten minutes to be told
    /// that a key was rotated.
    public nonisolated func waitForEnd(of accepted: Accepted, within seconds: Int64) async throws -> Vigil {
        // Listening starts before the first look, so that no ending falls between the two.
        let stream = news.stream()
        var vigil = try await vigil(for: accepted, within: seconds)
        if vigil.isOver { return vigil }
        for await event in stream {
            switch event {
            case .intent(let intent): vigil.note(intent)
            case .key(let key): vigil.note(key)
            case .alarm, .alarmOver, .locked, .unlocked: continue
            }
            if vigil.isOver { break }
        }
        return vigil
    }

    private func vigil(for accepted: Accepted, within seconds: Int64) throws -> Vigil {
        var vigil = Vigil(
            for: try accepted.intents.map { try intent($0).0 }, awaiting: accepted.awaiting,
            until: clock.now.adding(seconds: seconds))
        for key in accepted.awaiting {
            if let known = try record(of: key) { vigil.note(known) }
            let disables =
                ledgers[key.network]?.intents.values.filter { $0.kind == .disable && !$0.state.isFinal } ?? []
            disables.forEach { vigil.note($0) }
        }
        return vigil
    }
}

/// How an endpoint is doing.
public struct EndpointReport: Sendable, Equatable {
    /// Without credentials.
    public let url: String
    public let isHealthy: Bool
    public let error: String?
    /// Exchanges that gave an answer, since the start.
    public let answers: UInt64
    /// Exchanges that failed, since the start.
    public let failures: UInt64
    /// Smoothed time of an exchange, in seconds.
    public let latency: Double
    /// Times in a row that it was behind what is known of the chain.
    public let lags: Int

    /// One behind a balancer may lag for a moment.
    static let lagsForAlarm = 3

    public init(
        url: String, isHealthy: Bool, error: String?, answers: UInt64, failures: UInt64, latency: Double, lags: Int = 0
    ) {
        self.url = url
        self.isHealthy = isHealthy
        self.error = error
        self.answers = answers
        self.failures = failures
        self.latency = latency
        self.lags = lags
    }
}
