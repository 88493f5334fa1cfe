public import EthereumRPC
public import Logging
public import OrakeyConfig

/// A network as the follower knows it.
public struct FollowedNetwork: Sendable {
    /// Its place among the gatekeeper's networks.
    public var index: Int
    public var contract: WatchedContract
    /// When a create counts. A disable counts at once.
    public var confirmations: Confirmations
    /// No event of the contract is older than this block.
    public var firstBlock: UInt64
    /// The longest time between two looks.
    public var pollInterval: Duration

    public init(
        index: Int, contract: WatchedContract, confirmations: Confirmations, firstBlock: UInt64,
        pollInterval: Duration
    ) {
        self.index = index
        self.contract = contract
        self.confirmations = confirmations
        self.firstBlock = firstBlock
        self.pollInterval = pollInterval
    }
}

/// Follows a contract's events of all owners, from its deployment to the head, through reorgs, and tells the gatekeeper.
public actor ChainFollower {
    private let network: FollowedNetwork
    private let client: RPCClient
    /// For the one block whose events are too many for an ordinary answer.
    private let patientClient: RPCClient
    private let store: KeyStore
    private let gatekeeper: Gatekeeper
    private let clock: any GatewayClock
    private let log: Logger
    nonisolated let lag = LagGauge()

    private var marks = BlockMarks()
    private var window = ScanWindow()
    private var pace: PollPace
    private var hasSeenCode = false
    private var lastTrouble: String?
    /// Looks in a row that showed less than an earlier one.
    private var looksBehind = 0
    /// Looks in a row that showed the same head.
    private var looksAtSame = 0
    /// Changes that the gatekeeper has not heard of. Those of a rewind wait for the events that follow, so that a key
    /// that only moves to another block does not lapse between.
    private var pending: [KeyChange] = []
    private var isRewinding = false

    /// So many late answers in a row are trouble.
    private static let patience = 5
    /// After so many looks at the same head another endpoint is asked whether the chain has gone on.
    private static let looksPerComparison = 8

    public init(
        network: FollowedNetwork, client: RPCClient, patientClient: RPCClient, store: KeyStore, gatekeeper: Gatekeeper,
        clock: any GatewayClock = SystemGatewayClock(), log: Logger
    ) {
        self.network = network
        self.client = client
        self.patientClient = patientClient
        self.store = store
        self.gatekeeper = gatekeeper
        self.clock = clock
        self.log = log
        pace = PollPace(interval: network.pollInterval)
    }

    /// Follows until the task is cancelled. Stopping at any point is safe.
    ///
    /// - Throws: ``GatewayStoreError`` where the store is damaged, so that there will never be a view again.
    public func run() async throws(GatewayStoreError) {
        var isLoaded = false
        while !Task.isCancelled {
            do {
                if !isLoaded { try load() }
                isLoaded = true
                try await look()
                settle(nil)
            } catch is CancellationError {
                return
            } catch let error as GatewayStoreError {
                throw error
            } catch {
                if Task.isCancelled { return }
                pace.failed()
                settle("\(error)")
            }
            try? await Task.sleep(for: pace.pause(at: clock.now))
        }
    }

    /// Takes over what was stored by an earlier run. It counts once the chain has been seen again.
    func load() throws {
        marks = BlockMarks(try store.marks())
        var keys = 0
        try store.forEachKeys { changes in
            keys += changes.count
            gatekeeper.apply(changes, on: network.index, view: nil)
        }
        log.info("keys loaded", metadata: ["keys": "\(keys)", "block": "\(marks.last?.number ?? 0)"])
    }

    /// One look at the chain.
    func look() async throws {
        let start = clock.now
        if !hasSeenCode {
            guard try await !client.send(.code(network.contract.address)).isEmpty else {
                throw FollowerError.noContract("\(network.contract.address)")
            }
            hasSeenCode = true
        }
        let (head, settled) = try await newestHead()
        switch marks.judge(number: head.number, hash: head.hash, parentHash: head.parentHash) {
        case .same, .extends: break
        case .behind:
            // Behind one address there may be several nodes. What a late one says makes no view younger.
            looksBehind += 1
            guard looksBehind < Self.patience else { throw FollowerError.behind }
            return pace.failed()
        case .ahead: try await rewindToCommonBlock()
        }
        looksBehind = 0
        let changes = try await scan(upTo: head)
        isRewinding = false
        let view = NetworkView(
            head: head.number, headTimestamp: head.timestamp, settled: settled, lookedAt: start)
        gatekeeper.apply(changes, on: network.index, view: view)
        let end = clock.now
        lag.note(start: start, end: end)
        pace.saw(number: head.number, timestamp: head.timestamp, at: end)
    }

    /// The head, from an endpoint that has come as far as what was seen where there is one. A chain that rests and an
    /// endpoint that does look the same, until another one is asked.
    private func newestHead() async throws -> (head: Block, settled: UInt64?) {
        let found = try await headAndSettled(notBelow: marks.last?.number ?? 0)
        guard found.head.hash == marks.last?.hash else {
            looksAtSame = 0
            return found
        }
        looksAtSame += 1
        guard looksAtSame.isMultiple(of: Self.looksPerComparison),
            let other = await client.headElsewhere(than: found.head.number), other > found.head.number
        else { return found }
        return try await headAndSettled(notBelow: other)
    }

    private func headAndSettled(notBelow height: UInt64) async throws -> (head: Block, settled: UInt64?) {
        switch network.confirmations {
        case .depth(let depth):
            let head = try await head(notBelow: height)
            return (head, head.number + 1 >= depth ? head.number + 1 - depth : nil)
        case .safe: return try await headAndBlock(.safe, notBelow: height)
        case .finalized: return try await headAndBlock(.finalized, notBelow: height)
        }
    }

    private func headAndBlock(
        _ tag: BlockID, notBelow height: UInt64
    ) async throws -> (head: Block, settled: UInt64?) {
        let (latest, settled) = try await client.batch(.block(.latest), .block(tag))
        guard let head = try latest.get() else { throw FollowerError.noHead }
        guard head.number < height else { return (head, try settled.get()?.number) }
        let further = try await self.head(notBelow: height)
        return (further, try await client.send(.block(tag))?.number)
    }

    private func head(notBelow height: UInt64) async throws -> Block {
        let head = try await client.send(.block(.latest), blocksBehind: { height - min(height, $0?.number ?? 0) })
        guard let head else { throw FollowerError.noHead }
        return head
    }

    /// Makes sure that what was taken is still part of the chain; else goes back to the newest block that is.
    ///
    /// The table changes with the next view only, all at once.
    private func rewindToCommonBlock() async throws {
        guard let last = marks.last else { return }
        guard let block = try await client.send(.block(.number(last.number))) else { throw FollowerError.behind }
        if block.hash == last.hash { return }
        let older = marks.all.dropLast()
        let blocks = try await client.batch(older.map { .block(.number($0.number)) })
        var common: BlockMark?
        for (mark, answer) in zip(older, blocks).reversed() {
            // A block that is not there says nothing of the chain, only of the node.
            guard let block = try answer.get() else { throw FollowerError.behind }
            if block.hash == mark.hash {
                common = mark
                break
            }
        }
        // The store first: where it fails, the next look has to find the same blocks lost.
        pending += try store.rewind(to: common?.number)
        marks.rewind(to: common?.number)
        isRewinding = true
        log.notice(
            "reorganisation", metadata: ["from": "\(last.number)", "to": "\(common.map { "\($0.number)" } ?? "start")"])
    }

    /// Takes all events up to `head`; what the last part of them changed is returned, earlier parts are told already.
    private func scan(upTo head: Block) async throws -> [KeyChange] {
        var first = marks.last.map { $0.number + 1 } ?? min(network.firstBlock, head.number)
        while first <= head.number {
            try Task.checkCancellation()
            let last = min(head.number, first + window.blocks - 1)
            let logs: [Log]
            let end: Block?
            do {
                (logs, end) = try await events(from: first, to: last, head: head, client)
            } catch let error as RPCError where error.isTooMuch {
                if last > first, window.refused() { continue }
                // Anybody can fill a block with creates: that must not stop the gateway.
                (logs, end) = try await events(from: first, to: last, head: head, patientClient)
            }
            guard let end, last < head.number || end.hash == head.hash else { throw FollowerError.moved }
            let found = try logs.compactMap { log -> KeyEvent? in
                guard let event = network.contract.keyEvent(log) else { return nil }
                guard (first...last).contains(event.block),
                    event.block < last || log.blockHash == end.hash
                else { throw FollowerError.moved }
                return event
            }
            window.answered(events: logs.count)
            let mark = BlockMark(number: last, hash: end.hash)
            var next = marks
            next.append(mark)
            pending += try store.take(found, marks: next)
            marks = next
            first = last + 1
            if first <= head.number, !isRewinding {
                gatekeeper.apply(pending, on: network.index, view: nil)
                pending = []
            }
        }
        defer { pending = [] }
        return pending
    }

    /// The logs of a range and the block that ends it, from one answer where that is possible.
    private func events(
        from first: UInt64, to last: UInt64, head: Block, _ client: RPCClient
    ) async throws -> ([Log], Block?) {
        let contract = network.contract
        if first == head.number {
            // The logs of this very block and no other (EIP-234).
            let filter = LogFilter(
                blockHash: head.hash, addresses: [contract.address], topics: contract.keyEventTopics)
            return (try await client.send(.logs(filter)), head)
        }
        let filter = LogFilter(
            fromBlock: .number(first), toBlock: .number(last), addresses: [contract.address],
            topics: contract.keyEventTopics)
        let (logs, end) = try await client.batch(.logs(filter), .block(.number(last)))
        return (try logs.get(), try end.get())
    }

    /// Says once that the chain can't be followed, and once that it can again.
    private func settle(_ trouble: String?) {
        defer { lastTrouble = trouble }
        guard trouble != lastTrouble else { return }
        if let trouble {
            log.warning("the chain can't be followed", metadata: ["error": "\(trouble)"])
        } else {
            log.notice("following the chain", metadata: ["block": "\(marks.last?.number ?? 0)"])
        }
    }
}

/// Why a look at the chain brought nothing.
enum FollowerError: Error, CustomStringConvertible {
    case noHead
    case noContract(String)
    case behind
    case moved

    var description: String {
        switch self {
        case .noHead: "the endpoint has no head block"
        case .noContract(let address):
            "there is no contract at \(address): check the network's contract: in the configuration"
        case .behind: "the endpoint lags: it does not have blocks that were seen before"
        case .moved: "the chain changed while it was read"
        }
    }
}

extension RPCError {
    /// Whether less in one question may be answered.
    var isTooMuch: Bool {
        if case .invalidAnswer = kind { return true }
        return serverClass == .rangeTooLarge
    }
}
