/// A contract's constructor: its arguments follow the creation bytecode.
public struct ABIConstructor: Hashable, Sendable {
    /// Codec of the arguments.
    public let input: ABICodec
    /// `payable` or `nonpayable`.
    public let stateMutability: ABIStateMutability

    /// The arguments.
    public var inputs: [ABIParameter] { input.parameters }

    /// Creates a constructor.
    ///
    /// - Throws: ``ABIError`` with code `invalidType`.
    public init(inputs: [ABIParameter] = [], stateMutability: ABIStateMutability = .nonpayable) throws(ABIError) {
        input = try ABICodec(inputs)
        self.stateMutability = stateMutability
    }

    /// Parses `constructor(address owner, uint256 limit) payable`.
    ///
    /// - Throws: ``ABIError`` with code `invalidType` or `invalidSignature`.
    public init(signature: String) throws(ABIError) {
        var scanner = SignatureScanner(signature)
        try self.init(&scanner)
    }

    /// The data of a creating transaction: bytecode followed by the encoded arguments.
    ///
    /// - Throws: ``ABIError`` naming the argument that does not fit its type.
    public func encodeDeployment(bytecode: [UInt8], _ arguments: [ABIValue] = []) throws(ABIError) -> [UInt8] {
        do { return bytecode + (try input.encode(arguments)) } catch { throw error.within("args") }
    }

    /// The arguments behind `bytecode` in the data of a creating transaction.
    ///
    /// - Throws: ``ABIError``; code `wrongSelector` when the data does not begin with the bytecode.
    public func decodeDeployment(
        _ data: [UInt8], bytecode: [UInt8], options: ABIDecodingOptions = .strict
    ) throws(ABIError) -> [ABIValue] {
        guard data.starts(with: bytecode) else {
            throw ABIError(.wrongSelector, "the data does not begin with the bytecode")
        }
        do {
            return try input.decode(data, skipping: bytecode.count, options: options)
        } catch { throw error.within("args") }
    }
}

extension ABIConstructor: CustomStringConvertible {
    /// The human-readable signature.
    public var description: String {
        "constructor" + ABIType.tuple(inputs).named + (stateMutability == .payable ? " payable" : "")
    }
}
