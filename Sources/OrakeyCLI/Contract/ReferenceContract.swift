import EthereumABI
import EthereumCore
import EthereumRPC
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

        /// Whether it has the reference contract's prefix: the one that follows from chain and address.
        func isReference() async throws -> Bool {
            let expected = try ContractDescription.reference(at: address, chainID: chain.id).messagePrefix
            do {
                let prefix: UInt256 = try await ask("PREFIX() view returns (uint256)", [])
                return Array(prefix.bigEndianBytes.prefix(24)) == expected
            } catch let error as RPCError where error.isAnswerOfContract {
                return false
            } catch is ABIError {
                return false
            }
        }

        func keyCount(_ owner: Address) async throws -> UInt256 {
            try await ask("keyCount(address) view returns (uint256)", [.address(owner)])
        }

        func revoker(of owner: Address) async throws -> Address {
            try await ask("revokerOf(address) view returns (address)", [.address(owner)])
        }

        private func ask<T: ABIRepresentable>(_ signature: String, _ arguments: [ABIValue]) async throws -> T {
            let function = try ABIFunction(signature: signature)
            let call = CallRequest(to: address, data: try function.encodeCall(arguments))
            let answer = try await chain.client.send(.call(call, .number(block)))
            return try function.decodeReturn(answer, as: T.self)
        }
    }
}
