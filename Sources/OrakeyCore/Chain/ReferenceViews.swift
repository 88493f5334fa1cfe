import EthereumABI
import EthereumCore

/// The reference contract's views of all keys of an owner.
enum ReferenceViews {
    static func encodeCount(_ owner: Address) throws -> [UInt8] {
        try ABIFunction(signature: "keyCount(address) view returns (uint256)").encodeCall([.address(owner)])
    }

    static func decodeCount(_ answer: [UInt8]) throws -> UInt64 {
        let values = try ABIFunction(signature: "keyCount(address) view returns (uint256)").decodeReturn(answer)
        guard case .uint(let count)? = values.first, let number = UInt64(exactly: count) else {
            throw ContractError.unexpectedAnswer
        }
        return number
    }

    static func encodeStatusWords(_ owner: Address, first: UInt64, count: UInt64) throws -> [UInt8] {
        try ABIFunction(signature: "statusWords(address,uint256,uint256) view returns (uint256[])")
            .encodeCall([.address(owner), .uint(UInt256(first)), .uint(UInt256(count))])
    }

    /// One word for 256 keys, a set bit for a disabled one, lowest bit first.
    static func decodeStatusWords(_ answer: [UInt8], count: Int) throws -> [UInt256] {
        let values = try ABIFunction(signature: "statusWords(address,uint256,uint256) view returns (uint256[])")
            .decodeReturn(answer)
        guard case .array(let list)? = values.first else { throw ContractError.unexpectedAnswer }
        let words = list.compactMap { if case .uint(let word) = $0 { word } else { nil } }
        guard words.count == count else { throw ContractError.unexpectedAnswer }
        return words
    }
}

extension UInt256 {
    /// Whether the bit at `position` from the least significant is set.
    func bit(_ position: Int) -> Bool {
        let bytes = bigEndianBytes
        return bytes[31 - position / 8] & (1 << UInt8(position % 8)) != 0
    }
}
