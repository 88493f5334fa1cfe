public import EthereumCore
import EthereumWallet
public import OrakeyCore

/// Who a token stands for.
public struct ConsumerName: Sendable, Hashable {
    public let consumer: String
    public let network: String

    public init(consumer: String, network: String) {
        self.consumer = consumer
        self.network = network
    }
}

/// What a token says.
public struct TokenHolder: Sendable, Hashable {
    public let name: ConsumerName
    /// The consumer's rule when the token was made: a token is worth nothing under another.
    public let rule: Bytes32

    public init(name: ConsumerName, rule: Bytes32) {
        self.name = name
        self.rule = rule
    }
}

/// Makes and checks the tokens that take the place of peer credentials on the loopback port.
///
/// A token names a consumer, its rule and the end of its life, under an authentication code whose key lives as long as the
/// process: nothing is stored, a restart ends all of them, and no other service can make use of one.
public final class TokenMint: Sendable {
    /// The longest life of a token, in seconds.
    public static let longestLife: Int64 = 24 * 3600
    /// Its life unless told otherwise.
    public static let usualLife: Int64 = 3600

    private static let prefix = "orakey-"
    private static let version: UInt8 = 1
    private static let codeBytes = 32
    private static let ruleBytes = 32
    /// Names are far shorter; this bounds what is decoded.
    private static let longestToken = 1024

    private let key = SecretBytes.random(count: 32)

    public init() {}

    /// A token that is good until `end`.
    public func token(for holder: TokenHolder, until end: Timestamp) -> String {
        var payload: [UInt8] = [Self.version]
        for shift in stride(from: 56, through: 0, by: -8) {
            payload.append(UInt8(truncatingIfNeeded: end.milliseconds >> shift))
        }
        payload += holder.rule.bytes
        payload += Array(holder.name.consumer.utf8) + [0] + Array(holder.name.network.utf8)
        return Self.prefix + Self.hex(payload + code(payload))
    }

    /// Whom the token stands for; nil for one that is not ours or has ended.
    public func holder(of token: String, at now: Timestamp) -> TokenHolder? {
        guard token.hasPrefix(Self.prefix), token.utf8.count <= Self.longestToken,
            let bytes = Self.bytes(token.utf8.dropFirst(Self.prefix.utf8.count)),
            bytes.count > 9 + Self.ruleBytes + Self.codeBytes
        else { return nil }
        let payload = Array(bytes.dropLast(Self.codeBytes))
        // SecretBytes compares in constant time.
        guard SecretBytes(copying: Array(bytes.suffix(Self.codeBytes))) == SecretBytes(copying: code(payload)),
            payload[0] == Self.version
        else { return nil }
        let end = payload[1..<9].reduce(Int64(0)) { $0 << 8 | Int64($1) }
        guard now.milliseconds < end else { return nil }
        let names = payload[(9 + Self.ruleBytes)...].split(
            separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        guard names.count == 2, let rule = try? Bytes32(bytes: payload[9..<(9 + Self.ruleBytes)]) else { return nil }
        return TokenHolder(
            name: ConsumerName(
                consumer: String(decoding: names[0], as: UTF8.self), network: String(decoding: names[1], as: UTF8.self)),
            rule: rule)
    }

    private func code(_ payload: [UInt8]) -> [UInt8] {
        HMACSHA256.authenticationCode(for: payload, key: key).bytes
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private static func bytes(_ digits: Substring.UTF8View.SubSequence) -> [UInt8]? {
        guard digits.count.isMultiple(of: 2) else { return nil }
        var result: [UInt8] = []
        var high: UInt8?
        for digit in digits {
            let value: UInt8
            switch digit {
            case 0x30...0x39: value = digit - 0x30
            case 0x61...0x66: value = digit - 0x61 + 10
            default: return nil
            }
            if let first = high {
                result.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return result
    }
}
