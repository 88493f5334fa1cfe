import EthereumCore
import StrictJSON

/// An integer from JSON: a number without fraction and exponent, a decimal string, or a `0x` hex string.
struct ABIJSONNumber {
    private let isNegative: Bool
    private let magnitude: UInt256
    private let type: ABIType

    init(_ json: JSON, _ type: ABIType) throws(ABIError) {
        let text: String
        switch json {
        case .number(let number): text = number.literal
        case .string(let string): text = string
        default:
            throw ABIError(
                .typeMismatch, "expected an integer or a string with one for \(type), found \(json.kindName)")
        }
        self.type = type
        isNegative = text.utf8.first == UInt8(ascii: "-")
        magnitude = try ABIJSONNumber.magnitude(isNegative ? text.dropFirst() : text[...], type)
    }

    private static func magnitude(_ text: Substring, _ type: ABIType) throws(ABIError) -> UInt256 {
        if text.hasPrefix("0x") {
            let digits = text.dropFirst(2)
            let significant = digits.drop { $0 == "0" }
            do {
                if significant.isEmpty, !digits.isEmpty { return .zero }
                return try UInt256(hexQuantity: "0x" + significant)
            } catch .tooLarge {
                throw ABIError(.outOfRange, "the number does not fit in \(type)")
            } catch {
                throw ABIError(.invalidValue, "not a hexadecimal integer")
            }
        }
        do {
            return try UInt256(decimal: text)
        } catch .tooLarge {
            throw ABIError(.outOfRange, "the number does not fit in \(type)")
        } catch {
            throw ABIError(
                .invalidValue, "expected an integer for \(type): digits without leading zeros, fraction or exponent")
        }
    }

    func unsigned(bits: Int) throws(ABIError) -> UInt256 {
        guard !isNegative || magnitude.isZero, magnitude.bitCount <= bits else { throw outOfRange }
        return magnitude
    }

    func signed(bits: Int) throws(ABIError) -> Int256 {
        guard let value = Int256(isNegative: isNegative, magnitude: magnitude),
            Word(value.bitPattern).signExtended(bits: bits) == Word(value.bitPattern)
        else { throw outOfRange }
        return value
    }

    private var outOfRange: ABIError {
        ABIError(.outOfRange, "\(isNegative ? "-" : "")\(magnitude) does not fit in \(type)")
    }
}

extension ABIJSON {
    static func address(_ json: JSON) throws(ABIError) -> Address {
        guard case .string(let text) = json else {
            throw ABIError(.typeMismatch, "expected a string for address, found \(json.kindName)")
        }
        do { return try Address(text) } catch { throw ABIError(.invalidValue, error.description) }
    }

    static func decodeHex(_ text: String) throws(HexError) -> [UInt8] { try Hex.decode(text, prefix: .required) }
}

extension ABIFunctionReference {
    /// An address and a selector.
    ///
    /// - Throws: ``ABIError`` with code `outOfRange` unless there are 24 bytes.
    public init(bytes: [UInt8]) throws(ABIError) {
        guard bytes.count == 24, let address = try? Address(bytes: bytes[..<20]),
            let selector = ABISelector(prefixOf: Array(bytes[20...]))
        else { throw ABIError(.outOfRange, "a function has 24 bytes, not \(bytes.count)") }
        self.init(address: address, selector: selector)
    }
}
