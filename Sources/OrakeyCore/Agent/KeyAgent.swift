import EthereumCore
public import EthereumWallet
public import Logging
public import OrakeyConfig
import OrakeyContract
public import OrakeyKey

/// The owner of all state: ledgers, journal, wallet and board.
///
/// Every decision is one synchronous step: a copy of a ledger decides, the journal commits, the copy takes the ledger's
/// place, the board shows the result. Nothing awaits inside a step, so no other call ever sees half of one.
public actor KeyAgent {
    let journal: any Journal
    let clock: any WallClock
    let log: Logger
    /// The keys in circulation, readable without waiting for this actor.
    public nonisolated let board: HandoutBoard
    let news = News()
    /// What happened, chained.
    public nonisolated let audit: AuditLog

    /// Networks by name; the owner is zero until it is known.
    var profiles: [NetworkName: NetworkProfile]
    var consumers: [ConsumerSection]
    /// Networks without a contract: nothing can happen on them.
    public nonisolated let dormant: [NetworkName]
    var ledgers: [NetworkName: NetworkLedger] = [:]
    var lastIdentifier: Int64 = 0
    var wallet: UnlockedWallet?
    /// How often the wallet was locked in this run.
    public private(set) var lockCount = 0
    var accounts: [NetworkName: Account] = [:]
    /// The second wallet, which may only disable; it stays while the first is locked.
    var revoker: RevokerWallet?
    var desks: [NetworkName: RevocationDesk] = [:]
    /// Revocations that the journal does not have yet; their keys are not shown.
    var withheld: [WithheldRevocation] = []
    /// Alarms that belong to no ledger: chain trouble before the owner is known, a failed journal.
    var generalAlarms: [NetworkName: [Alarm.Code: Alarm]] = [:]
    /// Alarms from earlier runs, for networks whose owner is not known yet.
    private(set) var rememberedAlarms: [NetworkName: [Alarm]] = [:]
    /// Milliseconds by which the system's clock was set, not yet taken over by a network's ledger.
    private var clockJumps: [NetworkName: Int64] = [:]
    var endpointReports: [NetworkName: [EndpointReport]] = [:]
    /// What happened to keys in this run.
    public private(set) var tallies: [NetworkName: Tally] = [:]
    /// Calls for new keys that are to share a commit, by network, while one is being gathered.
    var createCalls: [NetworkName: [CreateCall]] = [:]
    private var kicks: [NetworkName: @Sendable () -> Void] = [:]
    let replyRetention: ReplyRetention
    /// When old replies were last looked for, in this run.
    var repliesLookedAt: Timestamp?

    /// Whether the journal could be read. Until then there are no ledgers, and nothing can be done but look at alarms.
    private(set) var isLoaded = false

    public init(
        journal: any Journal, profiles: [NetworkProfile], dormant: [NetworkName] = [], consumers: [ConsumerSection],
        clock: any WallClock, board: HandoutBoard, log: Logger, audit: AuditLog? = nil,
        replyRetention: ReplyRetention = .usual
    ) throws {
        self.journal = journal
        self.audit = audit ?? AuditLog(journal: journal, clock: clock)
        self.clock = clock
        self.board = board
        self.log = log
        self.profiles = Dictionary(uniqueKeysWithValues: profiles.map { ($0.name, $0) })
        self.consumers = consumers
        self.dormant = dormant
        self.replyRetention = replyRetention
        for profile in profiles { tallies[profile.name] = Tally() }
        do {
            let memory = try AgentMemory(journal, self.profiles, consumers)
            (lastIdentifier, ledgers) = (memory.lastIdentifier, memory.ledgers)
            rememberedAlarms = memory.alarms
            self.profiles = memory.profiles
            isLoaded = true
            memory.tell(log)
        } catch let trouble as any JournalTrouble {
            guard let code = trouble.alarm else { throw trouble }
            let alarm = Alarm(code: code, message: "\(trouble)", since: clock.now)
            for profile in profiles { generalAlarms[profile.name] = [code: alarm] }
            log.error("alarm \(code.rawValue): \(alarm.message)")
        }
    }

    /// Reads the journal where that was not possible before.
    func load() throws {
        guard !isLoaded else { return }
        let memory: AgentMemory
        do { memory = try AgentMemory(journal, profiles, consumers) } catch {
            let code = (error as? any JournalTrouble)?.alarm ?? .journalFailed
            for name in profiles.keys { raise(code, "\(error)", on: name) }
            throw AgentError.journal(error)
        }
        (lastIdentifier, ledgers, profiles) = (memory.lastIdentifier, memory.ledgers, memory.profiles)
        rememberedAlarms = memory.alarms
        isLoaded = true
        memory.tell(log)
        for name in profiles.keys {
            clear(.journalFailed, on: name)
            clear(.journalNewer, on: name)
        }
        guard let wallet else { return }
        do { try unlock(with: wallet) } catch {
            // Another wallet's state: nothing may be signed for it.
            lock()
            throw error
        }
    }

    // MARK: - Wallet

    /// Puts the wallet to use: derives the accounts, checks them against the journal, shows the keys.
    ///
    /// - Parameter locks: ``lockCount`` from before the passphrase was stretched: a lock in between wins.
    public func unlock(with wallet: UnlockedWallet, unlessLockedSince locks: Int? = nil) throws {
        if let locks, locks != lockCount {
            throw AgentError(.conflict, "the wallet was locked meanwhile", hint: "unlock it again if that is wanted")
        }
        var accounts: [NetworkName: Account] = [:]
        for profile in profiles.values { accounts[profile.name] = try wallet.account(path: profile.path) }
        for (name, account) in accounts {
            guard let known = ledgers[name]?.settings.owner else { continue }
            guard known == account.address else {
                throw AgentError(
                    .conflict, "the state for \(name) belongs to \(known), this wallet gives \(account.address)",
                    hint: "use the wallet and path the state was made with, or another state directory")
            }
        }
        if isLoaded {
            for (name, account) in accounts where ledgers[name] == nil { try open(name, owner: account.address) }
            try beginAudit(with: wallet)
        }
        let names = ledgers.keys.sorted { $0.description < $1.description }
        let former = (wallet: self.wallet, accounts: self.accounts)
        (self.wallet, self.accounts) = (wallet, accounts)
        do {
            for name in names {
                try identifyKeys(of: name)
                try identifyStored(name)
            }
        } catch {
            // Whoever is told that it failed must not leave an open wallet behind.
            (self.wallet, self.accounts) = former
            throw error
        }
        board.unlock()
        for name in names {
            showKeys(of: name)
            kicks[name]?()
        }
        news.tell(.unlocked)
        log.notice("wallet unlocked", metadata: ["networks": "\(accounts.count)"])
    }

    private func open(_ name: NetworkName, owner: Address) throws {
        guard var profile = profiles[name] else { return }
        profile.owner = owner
        do {
            try journal.bind(name, owner: owner, chainID: profile.chainID, contract: profile.contract.address)
            let snapshot = try journal.restore(name, owner: owner)
            profiles[name] = profile
            ledgers[name] = NetworkLedger(
                settings: profile, consumers: consumers.filter { $0.network == name }, restoring: snapshot)
        } catch let error as AgentError {
            throw error
        } catch {
            throw AgentError.journal(error)
        }
    }

    /// Wipes the secrets. The chain is followed on; nothing is handed out or signed.
    ///
    /// - Parameter reason: why, for the audit.
    public func lock(reason: String = "asked for") {
        let wasUnlocked = wallet != nil
        lockCount += 1
        board.lock()
        wallet = nil
        accounts = [:]
        news.tell(.locked)
        log.notice("wallet locked", metadata: ["reason": "\(reason)"])
        // The wallet is locked whether or not that can be written.
        if wasUnlocked { record(.locked(reason: reason)) }
    }

    public var isLocked: Bool { wallet == nil }

    /// The account of a network, for signing this project's own transactions.
    func account(of network: NetworkName) -> Account? { accounts[network] }

    // MARK: - Steps

    /// One step: lets `decide` change a copy of the ledger, commits, publishes.
    @discardableResult
    func step<T>(_ network: NetworkName, _ decide: (inout NetworkLedger) throws -> T) throws -> T {
        try step(on: [network]) { _, ledger in try decide(&ledger) }[0]
    }

    /// One step on several networks, in one commit: there is no half of it after a crash. Results in the order of names.
    func step<T>(
        on networks: [NetworkName], _ decide: (NetworkName, inout NetworkLedger) throws -> T
    ) throws -> [T] {
        if !isLoaded { try load() }
        var decided: [(network: NetworkName, ledger: NetworkLedger)] = []
        var results: [T] = []
        var identifier = lastIdentifier
        for network in networks {
            guard var ledger = ledgers[network] else {
                throw AgentError(
                    .ownerUnknown, "the account of \(network) is not known yet",
                    hint: "unlock the wallet once: orakey unlock")
            }
            ledger.begin(after: identifier)
            ledger.isLocked = accounts[network] == nil
            // In the same commit as whatever is decided next: a jump is applied once, or not yet.
            if let jump = clockJumps[network] { ledger.clockMoved(by: jump) }
            results.append(try decide(network, &ledger))
            identifier = ledger.lastIdentifier
            decided.append((network, ledger))
        }
        try commit(decided)
        lastIdentifier = identifier
        for (network, ledger) in decided {
            clockJumps[network] = nil
            take(ledger, on: network)
        }
        return results
    }

    private func commit(_ decided: [(network: NetworkName, ledger: NetworkLedger)]) throws {
        let changes = decided.flatMap(\.ledger.changes)
        guard !changes.isEmpty else { return }
        let events = decided.flatMap { auditEvents(of: $0.ledger.changes, on: $0.network) }
        do { try audit.append(events, with: changes) } catch {
            for (network, _) in decided { journalFails(error, on: network) }
            throw AgentError.journal(error)
        }
        for (network, _) in decided { journalWorks(on: network) }
    }

    /// Puts a ledger whose changes are durable in the place of its predecessor, and shows what follows.
    func take(_ ledger: consuming NetworkLedger, on network: NetworkName) {
        let changes = ledger.changes
        var ledger = ledger
        ledger.forgetChanges()
        let before = ledgers[network]
        ledgers[network] = ledger
        tallies[network, default: Tally()].count(changes, before: before)
        report(changes, alarmsBefore: before?.alarms ?? [:], now: ledger.alarms, on: network)
        if !changes.isEmpty {
            do { try identifyKeys(of: network) } catch {
                // The decision itself is durable; the fingerprints are computed again at the next.
                log.error("fingerprints were not journaled", metadata: ["network": "\(network)", "error": "\(error)"])
            }
            showKeys(of: network)
        }
    }

    /// Computes the fingerprints that are missing; needs the unlocked wallet.
    private func identifyKeys(of network: NetworkName) throws {
        guard var ledger = ledgers[network], let account = accounts[network] else { return }
        let unknown = ledger.keys.values.filter { $0.fingerprint == nil && $0.state != .orphaned }
        guard !unknown.isEmpty else { return }
        let found = try unknown.map { ($0.message, Fingerprint(of: try derive($0.message, account, ledger.settings))) }
        ledger.begin(after: lastIdentifier)
        ledger.identify(found)
        do { try journal.commit(ledger.changes) } catch { throw AgentError.journal(error) }
        ledger.forgetChanges()
        ledgers[network] = ledger
    }

    func derive(_ message: Bytes32, _ account: Account, _ profile: NetworkProfile) throws -> SecretBytes {
        try APIKey.derive(
            account: account, network: profile.name, message: message, layout: profile.layout, scheme: profile.scheme)
    }

    /// Brings the board to what the ledger says.
    func showKeys(of network: NetworkName) {
        guard let ledger = ledgers[network], let account = accounts[network] else { return }
        var shown: [String: Handout] = [:]
        for handout in board.handouts where handout.network == network { shown[handout.consumer] = handout }
        let wanted = ledger.consumerSettings.values.compactMap { settings -> (ConsumerSection, KeyRecord)? in
            guard let key = ledger.currentKey(of: settings.name), !isWithheld(key.message, on: network) else {
                return nil
            }
            return (settings, key)
        }
        let names = Set(wanted.map(\.0.name))
        board.withdraw(network: network) { !names.contains($0.consumer) }
        for (settings, key) in wanted {
            let notAfter = settings.rotateEvery.flatMap { every in
                key.rotationDue(every: every.components.seconds)?.adding(seconds: settings.grace.components.seconds)
            }
            let former = shown[settings.name].flatMap { $0.message == key.message ? $0 : nil }
            if let former, former.notAfter == notAfter, former.createdBlock == key.createdBlock { continue }
            do {
                let secret = try former?.key ?? derive(key.message, account, ledger.settings)
                board.publish(
                    Handout(
                        consumer: settings.name, network: network, owner: key.owner, message: key.message,
                        fingerprint: Fingerprint(of: secret), generation: key.generation ?? 0,
                        createdBlock: key.createdBlock, notAfter: notAfter, key: secret))
            } catch {
                log.error("a key could not be derived", metadata: ["network": "\(network)", "error": "\(error)"])
            }
        }
        updateAge(of: network)
    }

    /// Stops hand-out of keys whose view of the chain is too old.
    func updateAge(of network: NetworkName) {
        guard let ledger = ledgers[network] else { return }
        let end = ledger.settings.maxViewAge.map { limit in
            ledger.freshAt?.adding(seconds: limit) ?? Timestamp(milliseconds: .min)
        }
        board.setFreshUntil(network, end)
    }

    /// When the system's clock was set, moves all deadlines along.
    func followClock() throws {
        let jump = clock.takeJump()
        if jump != 0 {
            log.notice(
                "the system's clock was set: grace periods and schedules last as long as before",
                metadata: ["seconds": "\(jump / 1000)"])
            for name in ledgers.keys { clockJumps[name, default: 0] += jump }
        }
        for name in clockJumps.keys {
            try step(name) { _ in }
            showKeys(of: name)
        }
    }

    // MARK: - Alarms and news

    func raise(_ code: Alarm.Code, _ message: String, on network: NetworkName) {
        let known = generalAlarms[network]?[code]
        let alarm = Alarm(code: code, message: message, since: known?.since ?? clock.now)
        generalAlarms[network, default: [:]][code] = alarm
        if known?.message != message {
            log.warning("alarm \(code.rawValue): \(message)", metadata: ["network": "\(network)"])
            news.tell(.alarm(network, alarm))
        }
    }

    func clear(_ code: Alarm.Code, on network: NetworkName) {
        guard generalAlarms[network]?.removeValue(forKey: code) != nil else { return }
        log.notice("alarm \(code.rawValue) is over", metadata: ["network": "\(network)"])
        news.tell(.alarmOver(network, code))
    }

    private func report(
        _ changes: [Change], alarmsBefore: [Alarm.Code: Alarm], now: [Alarm.Code: Alarm], on network: NetworkName
    ) {
        for (code, alarm) in now where alarmsBefore[code] == nil {
            log.warning("alarm \(code.rawValue): \(alarm.message)", metadata: ["network": "\(network)"])
            news.tell(.alarm(network, alarm))
        }
        for code in alarmsBefore.keys where now[code] == nil {
            log.notice("alarm \(code.rawValue) is over", metadata: ["network": "\(network)"])
            news.tell(.alarmOver(network, code))
        }
        for change in changes {
            switch change {
            case .intent(let intent):
                log.info(
                    "intent \(intent.state.rawValue)",
                    metadata: [
                        "network": "\(network)", "intent": "\(intent.id)", "kind": "\(intent.kind.rawValue)",
                        "nonce": "\(intent.nonce.map(String.init) ?? "-")",
                    ])
                news.tell(.intent(intent))
            case .key(let key):
                log.info(
                    "key \(key.state.rawValue)",
                    metadata: [
                        "network": "\(network)", "message": "\(key.message.hex)",
                        "fingerprint": "\(key.fingerprint?.description ?? "-")", "consumer": "\(key.consumer ?? "-")",
                    ])
                news.tell(.key(key))
            case .slot, .consumer, .cursor, .reply, .oldReplies, .recovered, .alarm, .alarmOver, .revocation, .audit,
                .auditHead, .auditBase:
                break
            }
        }
    }

    // MARK: - Workers

    /// Registers how to wake the network's worker when there is something to do.
    func onKick(_ network: NetworkName, _ kick: @escaping @Sendable () -> Void) { kicks[network] = kick }

    func kick(_ network: NetworkName) { kicks[network]?() }
}
