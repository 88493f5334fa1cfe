public import EthereumCore
public import EthereumWallet
import Glibc

/// An API key, taken apart: `NETWORK:base58(message and signature)`.
///
/// The signature in it is the credential, so the value prints without it. Two keys are the same when network, owner and
/// message are (``KeyIdentity``), never by their text.
public struct APIKey: Sendable {
    /// Longest text of a key, in characters.
    public static let maxCount = NetworkName.maxCount + 1 + Base58.maxEncodedCount(199)

    /// Blockchain identifier.
    public let network: NetworkName
    /// The message that the contract issued.
    public let message: Bytes32
    /// The owner's signature over the message.
    public let signature: Signature
    /// What was under Base58.
    public let layout: KeyLayout

    /// Reads a key strictly: canonical Base58, exact lengths, lower-case hex, v of 27 or 28, 0 < r < n, 0 < s <= n/2.
    ///
    /// - Throws: ``APIKeyError``, which never repeats a part of the text.
    public init(parsing text: UnsafeRawBufferPointer) throws(APIKeyError) {
        guard text.count > 0 else { throw .empty }
        guard text.count <= Self.maxCount else { throw .tooLong(limit: Self.maxCount) }
        guard let colon = unsafe text.firstIndex(of: UInt8(ascii: ":")) else { throw .noColon }
        network = try unsafe NetworkName(utf8: UnsafeRawBufferPointer(rebasing: text[..<colon]))
        let encoded = unsafe UnsafeRawBufferPointer(rebasing: text[(colon + 1)...])
        guard encoded.count > 0 else { throw .noBody }
        let result: Result<(KeyLayout, Bytes32, Signature), APIKeyError> = unsafe withUnsafeTemporaryAllocation(
            byteCount: Scratch.count, alignment: 16
        ) { scratch in
            defer { unsafe explicit_bzero(scratch.baseAddress!, scratch.count) }
            do throws(APIKeyError) {
                return .success(try unsafe Self.parts(encoded, offset: colon + 1, scratch: scratch))
            } catch {
                return .failure(error)
            }
        }
        (layout, message, signature) = try result.get()
    }

    /// Reads a key strictly.
    public init(parsing text: [UInt8]) throws(APIKeyError) {
        self = try unsafe text.span.withUnsafeBytes { text throws(APIKeyError) in try unsafe APIKey(parsing: text) }
    }

    /// Reads a key strictly.
    public init(parsing text: SecretBytes) throws(APIKeyError) {
        self = try unsafe text.withUnsafeBytes { text throws(APIKeyError) in try unsafe APIKey(parsing: text) }
    }

    /// Address of the wallet that made the signature, if it signed in this scheme. Any signature has a signer in most
    /// schemes: whether it is the right one is for the caller to compare.
    ///
    /// - Throws: ``APIKeyError/noSigner``.
    public func owner(scheme: SigningScheme) throws(APIKeyError) -> Address {
        do throws(SignatureError) {
            return try signature.recoverAddress(digest: scheme.digest(of: message))
        } catch {
            throw .noSigner
        }
    }

    /// Memory of the parser: what is under Base58, then message and signature in binary.
    private enum Scratch {
        static let decoded = 0..<216
        static let binary = 216..<313
        static let count = 320
    }

    private static func parts(
        _ encoded: UnsafeRawBufferPointer, offset: Int, scratch: UnsafeMutableRawBufferPointer
    ) throws(APIKeyError) -> (KeyLayout, Bytes32, Signature) {
        let target = unsafe UnsafeMutableRawBufferPointer(rebasing: scratch[Scratch.decoded])
        let decoded = unsafe UnsafeRawBufferPointer(
            rebasing: UnsafeRawBufferPointer(target)[..<(try decode(encoded, offset: offset, into: target))])
        switch decoded.count {
        case KeyLayout.binary.byteCount:
            return try unsafe (.binary, message(decoded), signature(decoded))
        case KeyLayout.text.byteCount:
            if let offset = unsafe wrongPunctuation(decoded) { throw .punctuation(offset: offset) }
            let binary = unsafe UnsafeMutableRawBufferPointer(rebasing: scratch[Scratch.binary])
            guard unsafe LowercaseHex.read(.init(rebasing: decoded[2..<66]), to: binary.baseAddress!) else {
                throw .messageDigits
            }
            guard unsafe LowercaseHex.read(.init(rebasing: decoded[69...]), to: binary.baseAddress! + 32) else {
                throw .signatureDigits
            }
            return try unsafe (
                .text, message(UnsafeRawBufferPointer(binary)), signature(UnsafeRawBufferPointer(binary))
            )
        default:
            throw .length(decoded.count)
        }
    }

    private static func decode(
        _ encoded: UnsafeRawBufferPointer, offset: Int, into target: UnsafeMutableRawBufferPointer
    ) throws(APIKeyError) -> Int {
        do throws(Base58Error) {
            return try unsafe Base58.decode(encoded, into: target)
        } catch {
            switch error {
            case .invalidCharacter(let position): throw .notBase58(offset: offset + position)
            case .tooLong: throw .tooLong(limit: maxCount)
            }
        }
    }

    /// Where `0x` or `:` is missing in the text layout.
    private static func wrongPunctuation(_ text: UnsafeRawBufferPointer) -> Int? {
        if unsafe text[0] != UInt8(ascii: "0") { return 0 }
        if unsafe text[1] != UInt8(ascii: "x") { return 1 }
        if unsafe text[66] != UInt8(ascii: ":") { return 66 }
        if unsafe text[67] != UInt8(ascii: "0") { return 67 }
        if unsafe text[68] != UInt8(ascii: "x") { return 68 }
        return nil
    }

    private static func message(_ binary: UnsafeRawBufferPointer) -> Bytes32 {
        unsafe Bytes32(unsafe: UnsafeRawBufferPointer(rebasing: binary[..<32]))
    }

    private static func signature(_ binary: UnsafeRawBufferPointer) throws(APIKeyError) -> Signature {
        do throws(SignatureError) {
            return try unsafe Signature(rsv: UnsafeRawBufferPointer(rebasing: binary[32..<97]))
        } catch {
            switch error {
            case .rOutOfRange: throw .r
            case .sOutOfRange: throw .s
            case .highS: throw .highS
            default: throw .v
            }
        }
    }
}

extension APIKey: CustomStringConvertible, CustomReflectable {
    /// Network and message; nothing of the signature.
    public var description: String { "API key \(network) \(message)" }
    /// A mirror with network and message only.
    public var customMirror: Mirror { Mirror(self, children: ["network": network, "message": message]) }
}

/// What makes two API keys the same key.
public struct KeyIdentity: Sendable, Hashable {
    /// Blockchain identifier.
    public let network: NetworkName
    /// The wallet that the message was issued to.
    public let owner: Address
    /// The message.
    public let message: Bytes32

    /// The identity of these parts.
    public init(network: NetworkName, owner: Address, message: Bytes32) {
        self.network = network
        self.owner = owner
        self.message = message
    }
}
