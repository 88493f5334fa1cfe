/// A call that knows its answer: encoded arguments, and how to read what the function returns as Swift values.
///
/// A typed binding of a contract is a set of functions that return these.
public struct ABICall<Returned>: Sendable {
    /// The function.
    public let function: ABIFunction
    /// Selector and encoded arguments: the `data` of a transaction or an `eth_call`.
    public let data: [UInt8]

    private let read: @Sendable ([UInt8]) throws(ABIError) -> Returned

    init(
        _ function: ABIFunction, data: [UInt8], read: @escaping @Sendable ([UInt8]) throws(ABIError) -> Returned
    ) {
        self.function = function
        self.data = data
        self.read = read
    }

    /// What the contract returned.
    ///
    /// - Throws: ``ABIError``, as ``ABIFunction/decodeReturn(_:options:)``, or with code `wrongCount`, `typeMismatch` or
    ///   `outOfRange` when the values are not of the types asked for.
    public func result(of answer: [UInt8]) throws(ABIError) -> Returned { try read(answer) }
}

extension ABIFunction {
    /// A call with Swift values: `try isActive.call(owner, message, returning: Bool.self)`.
    ///
    /// - Throws: ``ABIError`` naming the argument that does not fit its type.
    public func call<each Argument: ABIRepresentable, each Value: ABIRepresentable>(
        _ arguments: repeat each Argument, returning types: repeat (each Value).Type
    ) throws(ABIError) -> ABICall<(repeat each Value)> {
        ABICall(self, data: try encodeCall(with: repeat each arguments)) { answer throws(ABIError) in
            try decodeReturn(answer, as: repeat (each Value).self)
        }
    }
}
