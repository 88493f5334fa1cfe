/// What a function may do with the chain's state and the caller's money (Contract ABI Specification, "JSON").
public enum ABIStateMutability: String, Hashable, Sendable, CaseIterable {
    /// Neither reads nor writes state.
    case pure
    /// Reads state only.
    case view
    /// Writes state, refuses money.
    case nonpayable
    /// Writes state, takes money.
    case payable

    /// Whether the function can be asked with `eth_call` instead of a transaction.
    public var isReadOnly: Bool { self == .pure || self == .view }
}

/// A function of a contract: calls are encoded and decoded by its inputs, returns by its outputs.
public struct ABIFunction: Hashable, Sendable {
    /// The name without parameters.
    public let name: String
    /// What it may do.
    public let stateMutability: ABIStateMutability
    /// The first four bytes of the Keccak-256 hash of ``signature``; every call begins with them.
    public let selector: ABISelector

    /// Codec of the arguments.
    public let input: ABICodec
    /// Codec of the return values.
    public let output: ABICodec

    /// The arguments.
    public var inputs: [ABIParameter] { input.parameters }
    /// The return values.
    public var outputs: [ABIParameter] { output.parameters }

    /// `name(type,type)`, the form that the selector is hashed from.
    public var signature: String { name + input.canonical }

    /// Creates a function.
    ///
    /// - Throws: ``ABIError`` with code `invalidType` or `invalidSignature`.
    public init(
        name: String, inputs: [ABIParameter], outputs: [ABIParameter] = [],
        stateMutability: ABIStateMutability = .nonpayable
    ) throws(ABIError) {
        try SignatureScanner.checkIdentifier(name)
        self.name = name
        self.stateMutability = stateMutability
        input = try ABICodec(inputs)
        output = try ABICodec(outputs)
        selector = ABISelector(canonicalSignature: name + input.canonical)
    }

    /// Parses `transfer(address,uint256)` or `function transfer(address to, uint256 amount) external returns (bool)`.
    ///
    /// - Throws: ``ABIError`` with code `invalidType` or `invalidSignature`.
    public init(signature: String) throws(ABIError) {
        var scanner = SignatureScanner(signature)
        try self.init(&scanner)
    }

    /// Selector and encoded arguments: the `data` of a transaction or an `eth_call`.
    ///
    /// - Throws: ``ABIError`` naming the argument that does not fit its type.
    public func encodeCall(_ arguments: [ABIValue] = []) throws(ABIError) -> [UInt8] {
        do { return try input.encode(arguments, selector: selector) } catch { throw error.within("args") }
    }

    /// The arguments of a call to this function.
    ///
    /// - Throws: ``ABIError``; code `wrongSelector` when the call is to another function.
    public func decodeCall(
        _ data: [UInt8], options: ABIDecodingOptions = .strict
    ) throws(ABIError) -> [ABIValue] {
        guard let found = ABISelector(prefixOf: data) else {
            throw ABIError(.truncated, "a call has at least 4 bytes, this one has \(data.count)")
        }
        guard found == selector else {
            throw ABIError(.wrongSelector, "the selector \(found) is not the \(selector) of \(name)")
        }
        do { return try input.decode(data, skipping: 4, options: options) } catch { throw error.within("args") }
    }

    /// Encodes return values, as the contract would.
    ///
    /// - Throws: ``ABIError`` naming the value that does not fit its type.
    public func encodeReturn(_ values: [ABIValue]) throws(ABIError) -> [UInt8] {
        do { return try output.encode(values) } catch { throw error.within("returns") }
    }

    /// The values that a call returned.
    ///
    /// - Throws: ``ABIError``; an empty answer where values are due usually means that there is no contract at the
    ///   address, and the error says so.
    public func decodeReturn(
        _ data: [UInt8], options: ABIDecodingOptions = .strict
    ) throws(ABIError) -> [ABIValue] {
        if data.isEmpty, output.layout.root.innerHeadSize > 0 {
            throw ABIError(.truncated, path: "returns", "\(name) returned nothing; is there a contract at the address?")
        }
        do { return try output.decode(data, options: options) } catch { throw error.within("returns") }
    }
}

extension ABIFunction: CustomStringConvertible {
    /// The human-readable signature: `function name(type name) view returns (type)`.
    public var description: String {
        var text = "function " + name + ABIType.tuple(inputs).named
        if stateMutability != .nonpayable { text += " " + stateMutability.rawValue }
        if !outputs.isEmpty { text += " returns " + ABIType.tuple(outputs).named }
        return text
    }
}
