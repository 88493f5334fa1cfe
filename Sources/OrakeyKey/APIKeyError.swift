public import EthereumWallet

/// Why a text is not an API key. Says what and where (offsets in bytes from the start of the text or of the part that
/// is named), never a character of the key.
public enum APIKeyError: Error, Sendable, Hashable {
    /// What is wrong with the name of the network.
    public enum NetworkProblem: Sendable, Hashable {
        case empty
        case tooLong
        case lowerCase(offset: Int)
        case character(offset: Int)
    }

    /// No text at all.
    case empty
    /// Longer than any key.
    case tooLong(limit: Int)
    /// No `:` after the network.
    case noColon
    /// Not a network's name.
    case network(NetworkProblem)
    /// Nothing behind the colon.
    case noBody
    /// A character that is not in Base58's alphabet.
    case notBase58(offset: Int)
    /// Base58 of neither 199 nor 97 bytes.
    case length(Int)
    /// The text inside lacks `0x` or `:` at its place.
    case punctuation(offset: Int)
    /// Not a lower-case hex digit in the message of the text inside.
    case messageDigits
    /// Not a lower-case hex digit in the signature of the text inside.
    case signatureDigits
    /// v is neither 27 nor 28.
    case v
    /// r is not in 1..<n.
    case r
    /// s is not in 1..<n.
    case s
    /// s is above n/2.
    case highS
    /// No public key makes this signature.
    case noSigner
    /// Not `SHA256:` and 16 lower-case hex digits.
    case fingerprint
    /// The last message of a batch would not fit 32 bytes, or the count is negative.
    case messageRange
    /// The wallet could not sign.
    case signing(WalletError)
}

extension APIKeyError: CustomStringConvertible {
    /// One line.
    public var description: String {
        switch self {
        case .empty: "not an API key: it is empty"
        case .tooLong(let limit): "not an API key: it is longer than \(limit) characters"
        case .noColon: "not an API key: there is no \":\" after the network"
        case .network(.empty): "not a network: the name is empty"
        case .network(.tooLong): "not a network: the name is longer than \(NetworkName.maxCount) characters"
        case .network(.lowerCase(let offset)): "not a network: the name has a lower-case letter at offset \(offset)"
        case .network(.character(let offset)):
            "not a network: the name has a character other than A-Z, 0-9 and _ at offset \(offset)"
        case .noBody: "not an API key: there is nothing after the \":\""
        case .notBase58(let offset): "not an API key: no Base58 character at offset \(offset)"
        case .length(let count): "not an API key: it stands for \(count) bytes instead of 199 or 97"
        case .punctuation(let offset):
            "not an API key: \"0x\" or \":\" is missing at offset \(offset) of the text inside"
        case .messageDigits: "not an API key: the message is not in lower-case hex digits"
        case .signatureDigits: "not an API key: the signature is not in lower-case hex digits"
        case .v: "not an API key: v of the signature is neither 27 nor 28"
        case .r: "not an API key: r of the signature is out of range"
        case .s: "not an API key: s of the signature is out of range"
        case .highS: "not an API key: s of the signature is in the upper half"
        case .noSigner: "not an API key: nobody can have made the signature"
        case .fingerprint: "not a fingerprint: it is SHA256: and 16 lower-case hex digits"
        case .messageRange: "the messages run past the last one of 32 bytes"
        case .signing(let error): error.description
        }
    }
}
