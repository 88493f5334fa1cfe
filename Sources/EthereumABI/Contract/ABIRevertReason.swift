public import EthereumCore

/// Why a call reverted, read from the data it returned.
///
/// Standard: Solidity documentation, "Panic via assert and Error via require" and "Errors and the Revert Statement".
public enum ABIRevertReason: Hashable, Sendable {
    /// No data: `revert()`, a failed `require` without text, or a call that ran out of gas.
    case empty
    /// `Error(string)`: the text of a `require` or `revert`, unescaped. ``description`` escapes it. It is for people, so it
    /// is decoded leniently: broken UTF-8 is repaired, and hand-written contracts may leave padding out.
    case message(String)
    /// `Panic(uint256)`: a check that the compiler inserted failed.
    case panic(ABIPanic)
    /// A custom error that the contract's ABI describes.
    case custom(ABIErrorDefinition, [ABIValue])
    /// Data of a known error that does not decode; `reason` says why.
    case malformed(selector: ABISelector, reason: ABIError)
    /// An error that the ABI does not describe, or data too short for a selector.
    case unknown([UInt8])

    static let messageSelector = ABISelector(rawValue: 0x08c3_79a0)
    static let panicSelector = ABISelector(rawValue: 0x4e48_7b71)

    private static let message = Result { try ABICodec([.string]) }
    private static let panic = Result { try ABICodec([.uint256]) }

    /// Reads revert data; total, as it comes from a contract and through an endpoint.
    ///
    /// - Parameters:
    ///   - data: what the call returned.
    ///   - contract: where custom errors are looked up.
    public init(decoding data: [UInt8], contract: ContractABI? = nil) {
        guard !data.isEmpty else {
            self = .empty
            return
        }
        guard let selector = ABISelector(prefixOf: data) else {
            self = .unknown(data)
            return
        }
        do {
            switch selector {
            case ABIRevertReason.messageSelector:
                let values = try ABIRevertReason.message.get().decode(data, skipping: 4, options: .lenient)
                guard case .string(let text)? = values.first else { break }
                self = .message(text)
                return
            case ABIRevertReason.panicSelector:
                let values = try ABIRevertReason.panic.get().decode(data, skipping: 4)
                guard case .uint(let code)? = values.first else { break }
                self = .panic(ABIPanic(code: code))
                return
            default:
                guard let definition = contract?.error(selector: selector) else { break }
                self = .custom(definition, try definition.decode(data))
                return
            }
            self = .unknown(data)
        } catch let error as ABIError {
            self = .malformed(selector: selector, reason: error)
        } catch {
            self = .unknown(data)
        }
    }

    /// Reads revert data; the same as ``init(decoding:contract:)``.
    public static func decode(_ data: [UInt8], contract: ContractABI? = nil) -> ABIRevertReason {
        ABIRevertReason(decoding: data, contract: contract)
    }
}

extension ABIRevertReason: CustomStringConvertible {
    /// One line for people; text from the contract is escaped and cut, so that it cannot forge log lines.
    public var description: String {
        switch self {
        case .empty: return "reverted without a reason"
        case .message(let text): return "reverted: " + escapedForPeople(text)
        case .panic(let panic): return "reverted: " + panic.description
        case .custom(let definition, let values):
            let arguments = zip(definition.inputs, values).map { parameter, value in
                (parameter.name.isEmpty ? "" : escapedForPeople(parameter.name) + ": ") + value.description
            }
            return "reverted: \(definition.name)(" + arguments.joined(separator: ", ") + ")"
        case .malformed(let selector, let reason): return "reverted with malformed data (\(selector)): \(reason)"
        case .unknown(let data):
            let shown = Hex.encodePrefixed(Array(data.prefix(36)))
            return "reverted with unknown data \(shown)" + (data.count > 36 ? "... (\(data.count) bytes)" : "")
        }
    }
}

/// The code of a `Panic(uint256)`.
public struct ABIPanic: Hashable, Sendable, CustomStringConvertible {
    /// The code.
    public let code: UInt256

    /// A panic with this code.
    public init(code: UInt256) { self.code = code }

    /// What the code means (Solidity documentation, "Panic via assert and Error via require"); nil for unassigned codes.
    public var meaning: String? {
        switch UInt64(exactly: code) {
        case 0x00: return "generic compiler panic"
        case 0x01: return "assertion failed"
        case 0x11: return "arithmetic overflow or underflow"
        case 0x12: return "division or modulo by zero"
        case 0x21: return "value out of range for an enum"
        case 0x22: return "incorrectly encoded storage byte array"
        case 0x31: return "pop on an empty array"
        case 0x32: return "array index out of bounds"
        case 0x41: return "too much memory allocated, or array too large"
        case 0x51: return "call of an uninitialised internal function"
        default: return nil
        }
    }

    /// `panic 0x11 (arithmetic overflow or underflow)`.
    public var description: String {
        let digits = code.hexQuantity.dropFirst(2)
        let text = "panic 0x" + (digits.utf8.count < 2 ? "0" : "") + digits
        return text + " (" + (meaning ?? "unassigned code") + ")"
    }
}
