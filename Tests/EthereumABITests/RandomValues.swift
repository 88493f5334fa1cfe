import EthereumABI
import EthereumCore

/// Random types and values that fit them.
struct RandomABI {
    var generator: SeededGenerator

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

    mutating func type(depth: Int = 0) -> ABIType {
        let containers = depth >= 3 ? 0 : 4
        switch number(0...(9 + containers)) {
        case 0: return .uint(bits: 8 * number(1...32))
        case 1: return .int(bits: 8 * number(1...32))
        case 2: return .address
        case 3: return .bool
        case 4: return .fixedBytes(count: number(1...32))
        case 5: return .bytes
        case 6: return .string
        case 7: return .function
        case 8: return .fixed(bits: 8 * number(1...32), decimals: number(1...80))
        case 9: return .ufixed(bits: 8 * number(1...32), decimals: number(1...80))
        case 10: return .array(type(depth: depth + 1))
        case 11: return .fixedArray(type(depth: depth + 1), count: number(1...4))
        default: return .tuple(types(number(1...4), depth: depth + 1))
        }
    }

    mutating func types(_ count: Int, depth: Int = 0) -> [ABIType] {
        var types: [ABIType] = []
        for _ in 0..<count { types.append(type(depth: depth)) }
        return types
    }

    mutating func value(_ type: ABIType) throws -> ABIValue {
        switch type {
        case .uint(let bits): return .uint(unsigned(bits))
        case .ufixed(let bits, _): return .ufixed(unsigned(bits))
        case .int(let bits): return .int(signed(bits))
        case .fixed(let bits, _): return .fixed(signed(bits))
        case .address: return .address(try Address(bytes: bytes(20)))
        case .bool: return .bool(Bool.random(using: &generator))
        case .fixedBytes(let count): return .fixedBytes(try ABIFixedBytes(bytes(count)))
        case .bytes: return .bytes(bytes(number(0...70)))
        case .string: return .string(text())
        case .function: return .function(try ABIFunctionReference(bytes: bytes(24)))
        case .array(let element): return try .array(values(element, count: number(0...4)))
        case .fixedArray(let element, let count): return try .array(values(element, count: count))
        case .tuple(let members):
            var values: [ABIValue] = []
            for member in members { values.append(try value(member.type)) }
            return .tuple(values)
        }
    }

    mutating func values(_ type: ABIType, count: Int) throws -> [ABIValue] {
        var values: [ABIValue] = []
        for _ in 0..<count { values.append(try value(type)) }
        return values
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        // Zeros and ones at the ends are where padding bugs hide.
        let filler: UInt8? = number(0...3) == 0 ? [0, 0xff].randomElement(using: &generator) : nil
        var bytes: [UInt8] = []
        for _ in 0..<count { bytes.append(filler ?? UInt8.random(in: 0...255, using: &generator)) }
        return bytes
    }

    private mutating func unsigned(_ bits: Int) -> UInt256 {
        UInt256(bigEndian: bytes(number(0...bits / 8))) ?? .zero
    }

    /// A number whose two's complement fits in `bits`.
    private mutating func signed(_ bits: Int) -> Int256 {
        let low = unsigned(bits - 8)
        return number(0...1) == 0 ? Int256(bitPattern: low) : Int256(bitPattern: ~low)
    }

    private mutating func text() -> String {
        let alphabet: [Character] = ["a", "Z", "0", " ", "\"", "\\", "\n", "\u{0}", "é", "漢", "🔑", "\u{7f}"]
        var text = ""
        for _ in 0..<number(0...40) { text.append(alphabet.randomElement(using: &generator) ?? "a") }
        return text
    }
}
