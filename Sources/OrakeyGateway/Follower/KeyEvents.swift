import EthereumABI
import EthereumCore
import EthereumRPC
import OrakeyContract

/// One event of the contract, of any owner.
struct KeyEvent: Sendable, Equatable {
    enum Kind: Sendable { case created, disabled }

    let kind: Kind
    let owner: Address
    let message: Bytes32
    let block: UInt64
}

/// What became of one key; nil where the chain does not know it any more.
struct KeyChange: Sendable, Equatable {
    let owner: Address
    let message: Bytes32
    let state: KeyTable.State?
}

extension WatchedContract {
    /// Selects creates and disables of all owners.
    var keyEventTopics: [[Bytes32]] { [[created.topic0, disabled.topic0]] }

    /// A log as an event; nil for anything else. Nothing in a log is believed unchecked.
    func keyEvent(_ log: Log) -> KeyEvent? {
        guard !log.removed, log.address == address, let topic = log.topics.first, let block = log.blockNumber else {
            return nil
        }
        let kind: KeyEvent.Kind
        let event: ABIEvent
        if topic == created.topic0 {
            (kind, event) = (.created, created)
        } else if topic == disabled.topic0 {
            (kind, event) = (.disabled, disabled)
        } else {
            return nil
        }
        guard let values = try? event.decodeLog(topics: log.topics, data: log.data),
            let fields = KeyEventFields(values), accepts(fields.message)
        else { return nil }
        return KeyEvent(kind: kind, owner: fields.owner, message: fields.message, block: block)
    }
}
