import EthereumABI
public import EthereumCore
import OrakeyContract

/// The part of a key contract that a provider needs: its events, and the form of its messages.
public struct WatchedContract: Sendable {
    /// Where it is.
    public let address: Address
    let created: ABIEvent
    let disabled: ABIEvent
    /// Whether it can have issued a message.
    public let accepts: @Sendable (Bytes32) -> Bool

    /// The contract of a network: the reference contract, or one with an ABI of its own.
    ///
    /// - Throws: ``ContractError`` where the ABI lacks what the settings name, or it has another form.
    public init(_ network: GatewayNetwork) throws {
        address = network.contract
        guard let names = network.abi else {
            let reference = try ContractDescription.reference(at: network.contract, chainID: network.chainID)
            (created, disabled) = (reference.created, reference.disabled)
            accepts = { reference.accepts($0) }
            return
        }
        let abi = try ContractABI(file: names.file)
        do {
            (created, disabled) = (try abi.event(names.created), try abi.event(names.disabled))
        } catch {
            throw ContractError.unsuitable("\(names.file): \(error)")
        }
        for event in [created, disabled] where event.isAnonymous || created.topic0 == disabled.topic0 {
            throw ContractError.unsuitable("\(names.file): \(event.signature) can't be told from other events")
        }
        accepts = { $0 != .zero }
    }
}
