import EthereumCore
import EthereumWallet
import StrictJSON

/// The hashes that a provider puts into its answers, found again here.
enum ExchangeHashes {
    /// The header that names the scheme.
    static let field = "x-ora-hash-scheme"
    /// SHA-256 of the request's body as sent; SHA-256 of the RFC 8785 form of the answer without its two hashes, or of a
    /// stream's data lines, each with its line feed.
    static let scheme = "sha256-jcs"

    static func text(_ hash: Bytes32) -> String { Hex.encode(hash.bytes) }

    /// The hash of an answer that is a JSON object.
    static func response(_ body: [UInt8]) -> String? {
        guard var object = (try? JSON.parse(body))?.objectValue else { return nil }
        object["requestHash"] = nil
        object["responseHash"] = nil
        return JSON.object(object).canonical().map { text(SHA256.hash($0)) }
    }

    static func check(scheme: String?, told: BodyFacts, sent: String, found: String?) -> HashCheck {
        guard told.requestHash != nil || told.responseHash != nil else { return .absent }
        guard scheme == self.scheme, let found else { return .unchecked }
        return told.requestHash == sent && told.responseHash == found ? .match : .mismatch
    }
}
