public import EthereumCore
public import OrakeyConfig
import OrakeyKey

/// All that is decided about the keys and transactions of one network.
///
/// A value, without input or output: a caller copies it, lets it decide, commits ``changes`` to the journal, and only
/// then puts the copy in the place of the original. A failed commit therefore leaves nothing half done.
public struct NetworkLedger: Sendable {
    public internal(set) var settings: NetworkProfile
    /// Consumers of this network by name, as configured.
    public internal(set) var consumerSettings: [String: ConsumerSection]

    /// Keys that something may still happen to.
    public internal(set) var keys: [Bytes32: KeyRecord] = [:]
    /// Intents that have not ended.
    public internal(set) var intents: [Int64: Intent] = [:]
    /// Slots that are open, or settled so recently that a reorg could open them again.
    public internal(set) var slots: [Int64: TransactionSlot] = [:]
    public internal(set) var consumers: [String: ConsumerRecord] = [:]
    public internal(set) var cursor: Cursor?
    public internal(set) var alarms: [Alarm.Code: Alarm] = [:]
    /// The latest look at the chain; nil until there was one in this run.
    public internal(set) var view: ChainView?
    public internal(set) var viewedAt: Timestamp?
    /// Since when nothing is known of the chain: when its head last moved, or another endpoint last said that it had not.
    public internal(set) var freshAt: Timestamp?
    /// The account as it was last read.
    public internal(set) var account: AccountView?
    /// The largest message of any key whose create is settled.
    public internal(set) var highestMessage: Bytes32?

    /// What the journal must hold before this value may replace its predecessor.
    public internal(set) var changes: [Change] = []

    /// The last number given to an intent or slot; the ledgers of one journal pass it on to each other.
    public internal(set) var lastIdentifier: Int64 = 0
    /// Views in a row in which a slot's nonce was taken while none of its attempts had a receipt.
    var lostSightings: [Int64: Int] = [:]
    /// The head when a slot's newest attempt was signed, in this run.
    var headAtOffer: [Int64: UInt64] = [:]
    /// Slots that an operator wants replaced at once.
    var hastened: Set<Int64> = []
    /// The next nonce of the account, since when it has had no transaction of this host while later ones wait.
    var gap: (nonce: UInt64, since: Timestamp)?
    /// Whether the wallet is locked, so that nothing can be handed out.
    public var isLocked = false
    /// The head at which settled blocks were last seen to change.
    var deepReorgAt: UInt64?
    /// No new create before this time, after one failed.
    var createNotBefore: Timestamp?
    var createFailures = 0
    /// What the account could not pay for, until it can.
    var unpaid: Unpaid?
    /// Transactions of the revoker that this host sent.
    var revokerTransactions: Set<Bytes32> = []

    /// Slots settled within this many blocks are watched for deep reorgs.
    static let reorgHorizon: UInt64 = 128
    /// How many looks must agree that a nonce is lost: one endpoint behind a balancer may lag.
    static let lostSightingsNeeded = 3

    public init(
        settings: NetworkProfile, consumers: [ConsumerSection], restoring snapshot: NetworkSnapshot
    ) {
        self.settings = settings
        self.consumerSettings = Dictionary(uniqueKeysWithValues: consumers.map { ($0.name, $0) })
        for key in snapshot.keys { keys[key.message] = key }
        for intent in snapshot.intents { intents[intent.id] = intent }
        for slot in snapshot.slots { slots[slot.id] = slot }
        for consumer in snapshot.consumers { self.consumers[consumer.name] = consumer }
        for alarm in snapshot.alarms { alarms[alarm.code] = alarm }
        cursor = snapshot.cursor
        highestMessage = snapshot.highestMessage
        for name in consumerSettings.keys where self.consumers[name] == nil {
            self.consumers[name] = ConsumerRecord(network: settings.name, name: name)
        }
    }

    /// Whether anything is due, under way or not yet settled. The end of a grace period can be waited for idly.
    func isBusy(at now: Timestamp) -> Bool {
        intents.values.contains { !$0.state.isFinal && ($0.state != .planned || isDue($0, at: now)) }
            || keys.values.contains { $0.state == .pending || $0.state == .disabling }
            || slots.values.contains { slot in
                // One that was settled above the cursor would be forgotten by a look that starts there.
                if case .confirmed(let inclusion) = slot.state {
                    inclusion.block > cursor?.block ?? 0
                } else {
                    slot.isOpen
                }
            }
    }

    /// Starts a decision: numbers go on from `identifier`.
    public mutating func begin(after identifier: Int64) { lastIdentifier = identifier }

    mutating func nextIdentifier() -> Int64 {
        lastIdentifier += 1
        return lastIdentifier
    }

    /// Takes over the changes that were committed.
    public mutating func forgetChanges() {
        changes.removeAll(keepingCapacity: true)
        evictSettled()
    }

    // MARK: - Writing

    mutating func put(_ key: KeyRecord) {
        guard keys[key.message] != key else { return }
        keys[key.message] = key
        changes.append(.key(key))
    }

    mutating func put(_ intent: Intent) {
        guard intents[intent.id] != intent else { return }
        intents[intent.id] = intent
        changes.append(.intent(intent))
    }

    mutating func put(_ slot: TransactionSlot) {
        guard slots[slot.id] != slot else { return }
        slots[slot.id] = slot
        changes.append(.slot(slot))
    }

    mutating func put(_ consumer: ConsumerRecord) {
        guard consumers[consumer.name] != consumer else { return }
        consumers[consumer.name] = consumer
        changes.append(.consumer(consumer))
    }

    /// Moves a key along its table; says whether the event was possible.
    @discardableResult
    mutating func move(
        _ message: Bytes32, _ event: KeyState.Event, _ edit: (inout KeyRecord) -> Void = { _ in }
    ) -> Bool {
        guard var key = keys[message], let next = key.state.after(event) else { return false }
        key.state = next
        edit(&key)
        put(key)
        return true
    }

    // MARK: - Alarms

    mutating func raise(_ code: Alarm.Code, _ message: String, at now: Timestamp) {
        let known = alarms[code]
        let alarm = Alarm(code: code, message: message, since: known?.since ?? now)
        guard alarm != known else { return }
        alarms[code] = alarm
        if code.isRemembered { changes.append(.alarm(settings.name, alarm)) }
    }

    public mutating func clear(_ code: Alarm.Code) {
        guard alarms.removeValue(forKey: code) != nil, code.isRemembered else { return }
        changes.append(.alarmOver(settings.name, code))
    }

    // MARK: - Memory

    /// Drops what nothing can happen to any more; the journal keeps it.
    private mutating func evictSettled() {
        guard let settled = cursor?.block else { return }
        let horizon = settled >= Self.reorgHorizon ? settled - Self.reorgHorizon : 0
        keys = keys.filter { _, key in
            if key.state == .recovered { return false }
            // One that was revoked before the contract issued its message is remembered until it does.
            return key.state != .disabled || (key.disabledBlock ?? 0) >= horizon
                || (highestMessage.map { key.message > $0 } ?? true)
        }
        slots = slots.filter { _, slot in
            switch slot.state {
            case .confirmed(let inclusion): inclusion.block >= horizon
            case .lost(let block): block >= horizon
            default: true
            }
        }
        headAtOffer = headAtOffer.filter { slots[$0.key]?.isOpen ?? false }
        let watched = Set(slots.values.flatMap(\.allIntents))
        intents = intents.filter { id, intent in !intent.state.isFinal || watched.contains(id) }
    }
}

/// What the journal holds of a network when the service starts.
public struct NetworkSnapshot: Sendable {
    public var keys: [KeyRecord]
    public var intents: [Intent]
    public var slots: [TransactionSlot]
    public var consumers: [ConsumerRecord]
    public var alarms: [Alarm]
    public var cursor: Cursor?
    public var highestMessage: Bytes32?

    public init(
        keys: [KeyRecord] = [], intents: [Intent] = [], slots: [TransactionSlot] = [], consumers: [ConsumerRecord] = [],
        alarms: [Alarm] = [], cursor: Cursor? = nil, highestMessage: Bytes32? = nil
    ) {
        self.keys = keys
        self.intents = intents
        self.slots = slots
        self.consumers = consumers
        self.alarms = alarms
        self.cursor = cursor
        self.highestMessage = highestMessage
    }
}
