public import ArgumentParser
import EthereumCore
public import EthereumWallet
public import OrakeyAPI
import OrakeyConfig
public import OrakeyKey

// Values for `transform:`, whose errors reach the user; `ExpressibleByArgument` would swallow the reason. None of them
// repeats the value.

extension NetworkName {
    static func argument(_ text: String) throws(APIKeyError) -> NetworkName { try NetworkName(text) }
}

extension Address {
    static func argument(_ text: String) throws(AddressError) -> Address { try Address(text) }
}

extension Bytes32 {
    static func argument(_ text: String) throws(HexError) -> Bytes32 { try Bytes32(hex: text) }
}

extension DerivationPath {
    static func argument(_ text: String) throws(WalletError) -> DerivationPath { try DerivationPath(parsing: text) }
}

extension EndpointURL {
    /// The addresses of `--rpc`. Read by hand, because the parser would repeat a wrong one with the access token in it.
    static func options(_ texts: [String]) throws -> [EndpointURL] {
        try texts.map { text in
            do throws(Invalid) { return try EndpointURL(text) } catch {
                throw ValidationError("the address of --rpc \(error)")
            }
        }
    }
}

extension KeyState: ExpressibleByArgument {}
extension KeyLayout: ExpressibleByArgument {}
extension SigningScheme: ExpressibleByArgument {}

/// A duration as the configuration writes it: `30s`, `10m`, `24h`, `7d`.
struct DurationArgument {
    let seconds: Int

    static func argument(_ text: String) throws(ValidationError) -> DurationArgument {
        let factors: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
        let digits = text.dropLast()
        guard let unit = text.last, let factor = factors[unit], !digits.isEmpty,
            digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 })
        else {
            throw ValidationError("a duration is a number with s, m, h or d behind it, such as 10m")
        }
        let (seconds, overflow) = (Int(digits) ?? .max).multipliedReportingOverflow(by: factor)
        guard !overflow else { throw ValidationError("the duration is too long") }
        return DurationArgument(seconds: seconds)
    }
}
