/// Encoder and decoder of one parameter list, prepared once and used from any task.
///
/// Standard: Contract ABI Specification, "Formal Specification of the Encoding". The values are those of one tuple:
/// offsets count from its first byte.
public struct ABICodec: Sendable {
    /// The parameters in order.
    public let parameters: [ABIParameter]
    let layout: ABILayout

    /// Prepares a parameter list.
    ///
    /// - Throws: ``ABIError`` with code `invalidType` for wrong widths, nesting beyond ``ABIType/maximumDepth``, or a
    ///   fixed size that no data could have.
    public init(_ parameters: [ABIParameter]) throws(ABIError) {
        try self.init(parameters, named: false)
    }

    init(_ parameters: [ABIParameter], named: Bool) throws(ABIError) {
        self.parameters = parameters
        layout = try ABILayout(parameters: parameters, named: named)
    }

    /// Prepares unnamed parameters.
    ///
    /// - Throws: as ``init(_:)-([ABIParameter])``.
    public init(_ types: [ABIType]) throws(ABIError) {
        try self.init(types.map { ABIParameter(type: $0) })
    }

    /// Prepares a list such as `(uint256 amount,(bytes32,string)[])`.
    ///
    /// - Throws: ``ABIError`` with code `invalidSignature` or `invalidType`.
    public init(parsing list: String) throws(ABIError) {
        try self.init(ABIParameter.list(parsing: list))
    }

    /// The canonical types in parentheses.
    public var canonical: String { ABIType.canonical(parameters) }

    /// Whether any parameter is dynamic.
    public var isDynamic: Bool { layout.root.isDynamic }

    /// Encodes one value for each parameter.
    ///
    /// - Throws: ``ABIError`` naming the value that does not fit its type.
    public func encode(_ values: [ABIValue]) throws(ABIError) -> [UInt8] {
        try ABIEncoder(layout: layout).encode(values, selector: nil)
    }

    /// Encodes a selector and one value for each parameter.
    ///
    /// - Throws: ``ABIError`` naming the value that does not fit its type.
    public func encode(_ values: [ABIValue], selector: ABISelector) throws(ABIError) -> [UInt8] {
        try ABIEncoder(layout: layout).encode(values, selector: selector)
    }

    /// Decodes one value for each parameter.
    ///
    /// - Parameters:
    ///   - data: the encoded tuple.
    ///   - skipping: bytes in front of it, such as 4 for a selector.
    ///   - options: strict unless told otherwise.
    /// - Throws: ``ABIError``; never crashes, and never works or allocates out of proportion to the data.
    public func decode(
        _ data: [UInt8], skipping: Int = 0, options: ABIDecodingOptions = .strict
    ) throws(ABIError) -> [ABIValue] {
        guard (0...data.count).contains(skipping) else {
            throw ABIError(.truncated, "the data has \(data.count) bytes, at least \(skipping) are needed")
        }
        var decoder = ABIDecoder(layout, dataSize: data.count - skipping, options: options)
        let values = try unsafe decoder.values(in: data.span.bytes, from: skipping)
        guard options.requiresCanonicalLayout else { return values }
        // The ABI has exactly one canonical form, so the shortest proof is to write it.
        guard try encode(values).elementsEqual(data[skipping...]) else {
            throw ABIError(.notCanonical, "the data is not the canonical encoding of its values")
        }
        return values
    }
}

extension ABICodec: Hashable {
    /// Whether both code the same parameters.
    public static func == (left: ABICodec, right: ABICodec) -> Bool { left.parameters == right.parameters }
    /// Hashes the parameters.
    public func hash(into hasher: inout Hasher) { hasher.combine(parameters) }
}
