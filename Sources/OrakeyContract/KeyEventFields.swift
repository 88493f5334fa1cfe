package import EthereumABI
package import EthereumCore

/// Owner and message of a decoded event, whatever their order: the first address and the first 32 bytes.
package struct KeyEventFields {
    package let owner: Address
    package let message: Bytes32

    package init?(_ values: [ABIValue]) {
        var owner: Address?
        var message: Bytes32?
        for value in values {
            switch value {
            case .address(let address): owner = owner ?? address
            case .fixedBytes(let bytes) where bytes.count == 32: message = message ?? bytes.word
            case .uint(let number): message = message ?? Bytes32(number)
            default: break
            }
        }
        guard let owner, let message else { return nil }
        self.owner = owner
        self.message = message
    }
}
