public import ArgumentParser
public import EthereumCore
public import EthereumWallet
public import OrakeyAPI
import OrakeyConfig
public import OrakeyKey

/// Makes a type with a throwing initialiser an argument whose error text reaches the user.
private func parsed<T>(_ make: () throws -> T) -> T? {
    do { return try make() } catch { return nil }
}

extension NetworkName: ExpressibleByArgument {
    public init?(argument: String) {
        guard let name = parsed({ try NetworkName(argument) }) else { return nil }
        self = name
    }
}

extension Address: ExpressibleByArgument {
    public init?(argument: String) {
        guard let address = parsed({ try Address(argument) }) else { return nil }
        self = address
    }
}

extension Bytes32: ExpressibleByArgument {
    public init?(argument: String) {
        guard let value = parsed({ try Bytes32(hex: argument) }) else { return nil }
        self = value
    }
}

extension DerivationPath: ExpressibleByArgument {
    public init?(argument: String) {
        guard let path = parsed({ try DerivationPath(parsing: argument) }) else { return nil }
        self = path
    }
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
struct DurationArgument: ExpressibleByArgument {
    let seconds: Int

    init?(argument: String) {
        let factors: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
        guard let unit = argument.last, let factor = factors[unit] else { return nil }
        let digits = argument.dropLast()
        guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let count = Int(digits) else {
            return nil
        }
        let (seconds, overflow) = count.multipliedReportingOverflow(by: factor)
        guard !overflow else { return nil }
        self.seconds = seconds
    }
}
