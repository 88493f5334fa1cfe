import EthereumABI
public import EthereumCore
public import OrakeyConfig

extension ContractDescription {
    /// The contract that the configuration describes: the reference contract, or one with an ABI of its own.
    ///
    /// - Throws: ``ContractError`` where the ABI lacks what the settings name, or it has another form.
    public init(settings: NetworkSection, address: Address) throws {
        guard let abi = settings.abi else {
            self = try .reference(at: address, chainID: settings.chainID)
            return
        }
        let contract = try ContractABI(file: abi.file)
        do {
            try self.init(contract: contract, names: abi, address: address)
        } catch let error as ABIError {
            throw ContractError.unsuitable("\(abi.file): \(error)")
        }
    }

    init(contract: ContractABI, names: ABISection, address: Address) throws {
        self.init(
            address: address,
            create: try Self.function(names.create, in: contract, takes: []),
            createMany: try names.createMany.map { try Self.function($0, in: contract, takes: [.uint(bits: 256)]) },
            disable: try Self.function(names.disable, in: contract, takes: [.fixedBytes(count: 32)]),
            disableMany: try names.disableMany.map {
                try Self.function($0, in: contract, takes: [.array(.fixedBytes(count: 32))])
            },
            status: try Self.function(names.status, in: contract, takes: [.address, .fixedBytes(count: 32)]),
            created: try contract.event(names.createdEvent), disabled: try contract.event(names.disabledEvent),
            messagePrefix: nil)
    }

    private static func function(_ name: String, in contract: ContractABI, takes types: [ABIType]) throws -> ABIFunction
    {
        let function = try contract.function(name)
        guard function.inputs.map(\.type) == types else {
            let wanted = types.map { "\($0)" }.joined(separator: ",")
            throw ContractError.unsuitable("\(function.signature) does not take (\(wanted))")
        }
        return function
    }
}
