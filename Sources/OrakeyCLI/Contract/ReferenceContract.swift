import EthereumABI
import EthereumCore
import EthereumRPC
import OrakeyContract
import OrakeyCore

/// The contract in `contracts-abi/`: its creation code, and how to tell it from others.
enum ReferenceContract {
    /// The creation code, from the text that is compiled in.
    static let bytecode: [UInt8] = {
        func value(_ digit: UInt8) -> UInt8 { digit > 0x39 ? digit - 0x61 + 10 : digit - 0x30 }
        return referenceBytecode.withUTF8Buffer { digits in
            stride(from: 0, to: digits.count - 1, by: 2).map { value(digits[$0]) << 4 | value(digits[$0 + 1]) }
        }
    }()

    /// Questions to a contract that may be the reference contract, all at one block.
    struct Views {
        let chain: Chain
        let address: Address
        let block: UInt64
        private let contract: ContractDescription
        private let binding: ApiKeysContract

        init(chain: Chain, address: Address, block: UInt64) throws {
            self.chain = chain
            self.address = address
            self.block = block
            contract = try ContractDescription.reference(at: address, chainID: chain.id)
            binding = try ApiKeysContract()
        }

        /// Whether it has the reference contract's prefix: the one that follows from chain and address.
        func isReference() async throws -> Bool {
            do {
                let prefix = try await ask(binding.prefix())
                return Array(prefix.bigEndianBytes.prefix(24)) == contract.messagePrefix
            } catch let error as RPCError where error.isAnswerOfContract {
                return false
            } catch is ABIError {
                return false
            }
        }

        func keyCount(_ owner: Address) async throws -> UInt64 { try await ask(binding.keyCount(owner)) }

        func revoker(of owner: Address) async throws -> Address { try await ask(binding.revokerOf(owner)) }

        private func ask<Answer>(_ call: ABICall<Answer>) async throws -> Answer {
            let request = CallRequest(to: address, data: call.data)
            return try call.result(of: try await chain.client.send(.call(request, .number(block))))
        }
    }
}
