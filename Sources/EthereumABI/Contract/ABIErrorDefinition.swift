/// A custom error of a contract (`error InsufficientBalance(uint256 available, uint256 required)`).
public struct ABIErrorDefinition: Hashable, Sendable {
    /// The name without parameters.
    public let name: String
    /// The first four bytes of the Keccak-256 hash of ``signature``; the revert data begins with them.
    public let selector: ABISelector
    /// Codec of the arguments.
    public let input: ABICodec

    /// The arguments.
    public var inputs: [ABIParameter] { input.parameters }
    /// `name(type,type)`.
    public var signature: String { name + input.canonical }

    /// Creates an error definition.
    ///
    /// - Throws: ``ABIError`` with code `invalidType` or `invalidSignature`.
    public init(name: String, inputs: [ABIParameter] = []) throws(ABIError) {
        try SignatureScanner.checkIdentifier(name)
        self.name = name
        input = try ABICodec(inputs)
        selector = ABISelector(canonicalSignature: name + input.canonical)
    }

    /// Parses `error InsufficientBalance(uint256 available, uint256 required)`; the word `error` may be missing.
    ///
    /// - Throws: ``ABIError`` with code `invalidType` or `invalidSignature`.
    public init(signature: String) throws(ABIError) {
        var scanner = SignatureScanner(signature)
        try self.init(&scanner)
    }

    /// Revert data with these arguments.
    ///
    /// - Throws: ``ABIError`` naming the argument that does not fit its type.
    public func encode(_ arguments: [ABIValue]) throws(ABIError) -> [UInt8] {
        do { return try input.encode(arguments, selector: selector) } catch { throw error.within("args") }
    }

    /// The arguments in revert data of this error.
    ///
    /// - Throws: ``ABIError``; code `wrongSelector` when the data belongs to another error.
    public func decode(_ data: [UInt8], options: ABIDecodingOptions = .strict) throws(ABIError) -> [ABIValue] {
        guard ABISelector(prefixOf: data) == selector else {
            throw ABIError(.wrongSelector, "the data does not begin with the selector of \(name)")
        }
        do { return try input.decode(data, skipping: 4, options: options) } catch { throw error.within("args") }
    }
}

extension ABIErrorDefinition: CustomStringConvertible {
    /// The human-readable signature.
    public var description: String { "error " + name + ABIType.tuple(inputs).named }
}
