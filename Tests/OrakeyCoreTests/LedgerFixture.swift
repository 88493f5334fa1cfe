import EthereumCore
import EthereumWallet
import OrakeyConfig
import OrakeyContract
import OrakeyCore
import OrakeyKey

/// A ledger with a scripted chain: tests say what is in which block, the fixture shows it to the ledger.
struct LedgerFixture {
    var ledger: NetworkLedger
    var now = Timestamp(milliseconds: 1_000_000)
    private(set) var head: UInt64 = 10
    /// Events by block, as the canonical chain has them.
    private var events: [KeyEvent] = []
    private var receipts: [Bytes32: ReceiptView] = [:]
    private var fork: UInt8 = 0
    var nonce: UInt64 = 0
    private(set) var committed: [Change] = []

    static let network = must { try NetworkName("BASE") }
    static let owner = must { try Address(bytes: [UInt8](repeating: 0x11, count: 20)) }
    static let contract = must { try Address(bytes: [UInt8](repeating: 0x22, count: 20)) }

    init(pool: Int = 2, consumers: [String] = ["app"], shared: Bool = false, rotateEvery: Duration? = nil) throws {
        let profile = NetworkProfile(
            name: Self.network, chainID: 31337, owner: Self.owner, path: .ethereumDefault,
            contract: try .reference(at: Self.contract, chainID: 31337), confirmations: .depth(2),
            fees: FeePolicy(maxFee: 100_000_000_000, maxTip: 5_000_000_000, bumpPercent: 15, resubmitAfter: 30),
            poolTarget: pool, isSharedWallet: shared, layout: .text, scheme: .eip191, pollInterval: .seconds(1),
            maxViewAge: nil, lowBalance: nil)
        ledger = NetworkLedger(
            settings: profile,
            consumers: consumers.map {
                ConsumerSection(
                    name: $0, network: Self.network, match: PeerMatch(users: [0]), rotateEvery: rotateEvery,
                    grace: .seconds(600))
            }, restoring: NetworkSnapshot())
        ledger.adopt(Baseline(block: block(9), keys: []), below: SeenHead(number: 9, timestamp: 9))
        commit()
    }

    func message(_ n: UInt64) -> Bytes32 {
        let preimage = UInt256(31337).bigEndianBytes + [UInt8](repeating: 0, count: 12) + Self.contract.bytes
        let prefix = Keccak256.hash(preimage).bytes.prefix(24)
        return must { try Bytes32(bytes: prefix + UInt256(n).bigEndianBytes.suffix(8)) }
    }

    private func block(_ number: UInt64) -> BlockReference {
        let hash = Keccak256.hash([UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8), fork])
        return BlockReference(number: number, hash: hash, timestamp: number)
    }

    mutating func commit() {
        committed += ledger.changes
        ledger.forgetChanges()
    }

    // MARK: - The chain

    /// Mines what was broadcast, in nonce order, into the next block. A create brings the next messages, or `issued`.
    mutating func mine(_ slots: [TransactionSlot], succeeded: Bool = true, issued: [Bytes32]? = nil) {
        head += 1
        var index: UInt64 = 0
        for slot in slots.sorted(by: { $0.nonce < $1.nonce }) {
            guard let attempt = slot.attempts.last else { continue }
            let inclusion = TransactionSlot.Inclusion(
                block: head, blockHash: block(head).hash, transaction: attempt.hash)
            var own: [KeyEvent] = []
            for id in attempt.intents where succeeded {
                switch ledger.intents[id]?.payload {
                case .create(let count):
                    let first = UInt64(events.count { $0.kind == .created }) + 1
                    for message in issued ?? (0..<UInt64(count)).map({ message(first + $0) }) {
                        own.append(
                            KeyEvent(kind: .created, message: message, inclusion: inclusion, logIndex: index))
                        index += 1
                        events.append(own[own.count - 1])
                    }
                case .disable(let messages):
                    for message in messages {
                        own.append(KeyEvent(kind: .disabled, message: message, inclusion: inclusion, logIndex: index))
                        index += 1
                        events.append(own[own.count - 1])
                    }
                default: break
                }
            }
            receipts[attempt.hash] = ReceiptView(inclusion: inclusion, succeeded: succeeded, events: own)
            nonce = max(nonce, slot.nonce + 1)
        }
    }

    /// Mines the newest attempt of a slot as a transaction without events.
    mutating func mineWithoutEffect(_ slot: TransactionSlot) {
        head += 1
        guard let attempt = slot.attempts.last else { return }
        let inclusion = TransactionSlot.Inclusion(block: head, blockHash: block(head).hash, transaction: attempt.hash)
        receipts[attempt.hash] = ReceiptView(inclusion: inclusion, succeeded: true, events: [])
        nonce = max(nonce, slot.nonce + 1)
    }

    mutating func mineEmpty(_ count: UInt64 = 1) { head += count }

    /// Somebody else's transaction.
    mutating func mineForeign(_ kind: KeyEvent.Kind, _ message: Bytes32) {
        head += 1
        events.append(
            KeyEvent(
                kind: kind, message: message,
                inclusion: .init(block: head, blockHash: block(head).hash, transaction: Keccak256.hash(message)),
                logIndex: 0))
    }

    /// Takes back the last `depth` blocks; another, empty and longer branch takes their place.
    mutating func reorg(_ depth: UInt64) {
        let last = head - depth
        events.removeAll { $0.inclusion.block > last }
        receipts = receipts.filter { $0.value.inclusion.block <= last }
        nonce = UInt64(receipts.count)
        fork += 1
        head += 1
    }

    mutating func look(deepReorg: Bool = false) {
        now = now.adding(seconds: 2)
        let start = ledger.scanStart(afterDeepReorg: deepReorg) ?? 0
        let settledReceipts = receipts.values.count { $0.inclusion.block <= head - 1 }
        ledger.begin(after: ledger.lastIdentifier)
        ledger.apply(
            ChainView(
                head: block(head), settled: head - 1, settledHash: block(head - 1).hash,
                account: AccountView(
                    nonce: nonce, settledNonce: max(UInt64(settledReceipts), foreignNonces),
                    balance: 1_000_000_000_000_000_000),
                scannedFrom: start, events: events.filter { $0.inclusion.block >= start }, receipts: receipts), at: now)
        commit()
    }

    /// Nonces taken by transactions that the ledger does not know, at the settled block.
    var foreignNonces: UInt64 = 0

    // MARK: - The worker's part

    /// Signs everything that is planned and due, and reports it as sent.
    @discardableResult
    mutating func send() throws -> [TransactionSlot] {
        var sent: [TransactionSlot] = []
        for case .sign(let intents) in ledger.dueWork(at: now) {
            guard let nonce = ledger.nextNonce else { continue }
            ledger.begin(after: ledger.lastIdentifier)
            guard
                let slot = ledger.bind(
                    intents.map(\.id), nonce: nonce, callData: [1], gasLimit: 100_000,
                    attempt: attempt(nonce, intents.contains { $0.isUrgent }, for: intents.map(\.id)))
            else { continue }
            ledger.sent(slot.id, slot.attempts[0].hash, at: now)
            commit()
            sent.append(ledger.slots[slot.id] ?? slot)
        }
        return sent
    }

    func attempt(_ nonce: UInt64, _ urgent: Bool = false, salt: UInt8 = 0, for intents: [Int64]) -> Attempt {
        Attempt(
            hash: Keccak256.hash([UInt8(truncatingIfNeeded: nonce), fork, salt, 0xAA]), raw: [2, 3],
            fees: .dynamic(maxFee: 2_000_000_000, tip: 1_000_000_000), isUrgent: urgent, intents: intents, signedAt: now
        )
    }

    /// Creates the pool and gives every consumer its first key.
    mutating func fill() throws {
        look()
        mine(try send())
        mineEmpty(2)
        look()
    }

    /// Whether the worker would sign this intent now.
    func isToBeSigned(_ id: Int64) -> Bool {
        ledger.dueWork(at: now).contains { work in
            guard case .sign(let intents) = work else { return false }
            return intents.contains { $0.id == id }
        }
    }

    func keys(in state: KeyState) -> [KeyRecord] {
        ledger.keys.values.filter { $0.state == state }.sorted { $0.message < $1.message }
    }
}

/// For constants of the tests: a value that can't fail to be made.
func must<T>(_ make: () throws -> T) -> T {
    do { return try make() } catch { preconditionFailure("\(error)") }
}
