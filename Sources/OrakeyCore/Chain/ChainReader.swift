import EthereumABI
public import EthereumCore
public import EthereumRPC
public import OrakeyConfig
public import OrakeyContract

/// Reads what the ledger wants to know from the chain, in as few requests as possible.
public struct ChainReader: Sendable {
    let client: RPCClient
    let contract: ContractDescription
    let owner: Address
    let confirmations: Confirmations

    public init(client: RPCClient, contract: ContractDescription, owner: Address, confirmations: Confirmations) {
        self.client = client
        self.contract = contract
        self.owner = owner
        self.confirmations = confirmations
    }

    /// The head block, from an endpoint that has come as far as `height` where there is one.
    public func head(notBelow height: UInt64 = 0) async throws -> Block {
        let block = try await client.send(.block(.latest), blocksBehind: { height - min(height, $0?.number ?? 0) })
        guard let block else { throw ChainReadError.noBlock }
        return block
    }

    /// The block with this number.
    public func block(_ number: UInt64) async throws -> Block? { try await client.send(.block(.number(number))) }

    /// The highest settled block below `head`, nil while the chain is shorter than the depth.
    public func settledBlock(below head: Block) async throws -> Block? {
        switch confirmations {
        case .depth(let depth):
            guard head.number + 1 >= depth else { return nil }
            return try await block(head.number + 1 - depth)
        case .safe: return try await client.send(.block(.safe))
        case .finalized: return try await client.send(.block(.finalized))
        }
    }

    /// Whether the block the ledger's cursor stands on is still part of the chain that ends with `head`.
    public func isCanonical(_ cursor: Cursor, below head: Block) async throws -> Bool {
        if cursor.block > head.number { return false }
        guard let hash = cursor.hash else { return true }
        guard let block = try await client.send(.block(.number(cursor.block))) else {
            throw ChainReadError.behind(head: cursor.block - 1, seen: cursor.block)
        }
        return block.hash == hash
    }

    /// One look at the chain at `head`, with the events from `scanStart` on: one call when nothing is under way.
    public func view(
        at head: Block, settled: UInt64, settledHash: Bytes32?, scanStart: UInt64, transactions: [Bytes32],
        withAccount: Bool
    ) async throws -> ChainView {
        let first = min(scanStart, head.number)
        let logs: [Log]
        var account: AccountView?
        if withAccount {
            let (events, nonce, settledNonce, balance) = try await client.batch(
                .logs(filter(from: first, to: head.number)), .transactionCount(owner, .number(head.number)),
                .transactionCount(owner, .number(settled)), .balance(owner, .number(head.number)))
            switch events {
            case .failure(let error) where error.serverClass == .rangeTooLarge:
                logs = try await self.logs(from: first, to: head.number)
            default: logs = try events.get()
            }
            account = AccountView(
                nonce: try nonce.get(), settledNonce: try settledNonce.get(), balance: try balance.get())
        } else {
            logs = try await self.logs(from: first, to: head.number)
        }
        var receipts: [Bytes32: ReceiptView] = [:]
        let answers = transactions.isEmpty ? [] : try await client.batch(transactions.map { .receipt($0) })
        for (hash, answer) in zip(transactions, answers) {
            guard let receipt = try answer.get() else { continue }
            // A receipt from beyond this view's head belongs to the next view.
            guard receipt.transactionHash == hash, receipt.blockNumber <= head.number else { continue }
            receipts[hash] = view(of: receipt)
        }
        return ChainView(
            head: BlockReference(number: head.number, hash: head.hash, timestamp: head.timestamp), settled: settled,
            settledHash: settledHash, account: account, scannedFrom: scanStart, events: logs.compactMap(event),
            receipts: receipts)
    }

    /// The owner's events of a range of blocks, in one question where the endpoint allows it. After a long absence the
    /// range is wider than most do: it is halved until it fits.
    func logs(from first: UInt64, to last: UInt64) async throws -> [Log] {
        var found: [Log] = []
        var start = first
        var reach = last - first
        while start <= last {
            let end = last - start > reach ? start + reach : last
            do throws(RPCError) {
                found += try await client.send(.logs(filter(from: start, to: end)))
                start = end + 1
            } catch {
                guard error.serverClass == .rangeTooLarge, end > start else { throw error }
                reach = (end - start) / 2
            }
        }
        return found
    }

    private func filter(from first: UInt64, to last: UInt64) -> LogFilter {
        LogFilter(
            fromBlock: .number(first), toBlock: .number(last), addresses: [contract.address],
            topics: contract.eventTopics(of: owner))
    }

    /// The account now, for signing.
    public func account() async throws -> AccountView {
        let (nonce, balance) = try await client.batch(
            .transactionCount(owner, .latest), .balance(owner, .latest))
        let next = try nonce.get()
        return AccountView(nonce: next, settledNonce: 0, balance: try balance.get())
    }

    private func view(of receipt: Receipt) -> ReceiptView {
        ReceiptView(
            inclusion: .init(
                block: receipt.blockNumber, blockHash: receipt.blockHash, transaction: receipt.transactionHash),
            succeeded: receipt.status, events: receipt.logs.compactMap(event))
    }

    /// A log as an event of this owner; nil for anything else. Nothing in a log is believed unchecked.
    func event(_ log: Log) -> KeyEvent? {
        guard !log.removed, log.address == contract.address, let topic = log.topics.first,
            let block = log.blockNumber, let hash = log.blockHash, let transaction = log.transactionHash,
            let index = log.logIndex
        else { return nil }
        let kind: KeyEvent.Kind
        let abi: ABIEvent
        if topic == contract.created.topic0 {
            (kind, abi) = (.created, contract.created)
        } else if topic == contract.disabled.topic0 {
            (kind, abi) = (.disabled, contract.disabled)
        } else {
            return nil
        }
        guard let values = try? abi.decodeLog(topics: log.topics, data: log.data), let fields = KeyEventFields(values),
            fields.owner == owner, contract.accepts(fields.message)
        else { return nil }
        return KeyEvent(
            kind: kind, message: fields.message,
            inclusion: .init(block: block, blockHash: hash, transaction: transaction), logIndex: index)
    }

    // MARK: - The contract's own account of an owner

    /// Whether there is code at the contract's address.
    public func hasCode() async throws -> Bool { try await !client.send(.code(contract.address, .latest)).isEmpty }

    /// Whether a key is active at a block.
    public func isActive(_ message: Bytes32, at block: BlockID) async throws -> Bool {
        let call = CallRequest(to: contract.address, data: try contract.encodeStatus(owner: owner, message: message))
        return try contract.decodeStatus(try await client.send(.call(call, block)))
    }
}

/// Why the chain could not be read, beyond what ``RPCError`` tells.
public enum ChainReadError: Error, Sendable, CustomStringConvertible {
    case noBlock
    /// The endpoint does not have blocks that were seen before, and nothing shows that the chain has another branch.
    case behind(head: UInt64, seen: UInt64)
    case noCode(Address)

    public var description: String {
        switch self {
        case .noBlock: "the endpoint has no head block"
        case .behind(let head, let seen):
            "the endpoint lags: its chain ends with block \(head), but \(seen) was seen before"
        case .noCode(let address):
            "there is no contract at \(address); check the network's contract: in the configuration, or deploy one: orakey contract deploy"
        }
    }
}
