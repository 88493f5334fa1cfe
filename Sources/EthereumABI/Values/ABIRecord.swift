public import EthereumCore

/// Values with the parameters they belong to: typed access by position or by name.
public struct ABIRecord: Hashable, Sendable {
    /// The parameters in order.
    public let parameters: [ABIParameter]
    /// The values in the same order.
    public let values: [ABIValue]

    /// Joins values with their parameters.
    ///
    /// - Throws: ``ABIError`` with code `wrongCount` unless there is one value for each parameter.
    public init(_ values: [ABIValue], for parameters: [ABIParameter]) throws(ABIError) {
        guard values.count == parameters.count else {
            throw ABIError(.wrongCount, "expected \(parameters.count) values, got \(values.count)")
        }
        self.parameters = parameters
        self.values = values
    }

    /// The value of the first parameter of this name; nil when there is none.
    public subscript(name: String) -> ABIValue? {
        parameters.firstIndex { $0.name == name }.map { values[$0] }
    }

    /// The value at a position; nil outside.
    public subscript(position: Int) -> ABIValue? {
        values.indices.contains(position) ? values[position] : nil
    }

    /// The value of a name as a Swift type.
    ///
    /// - Throws: ``ABIError`` with code `notFound`, `typeMismatch` or `outOfRange`.
    public func get<T: ABIRepresentable>(_ name: String, as type: T.Type = T.self) throws(ABIError) -> T {
        guard let value = self[name] else {
            throw ABIError(.notFound, "there is no value named \(quotedForPeople(name))")
        }
        do { return try T(abiValue: value) } catch { throw error.within(name) }
    }

    /// The value at a position as a Swift type.
    ///
    /// - Throws: ``ABIError`` with code `notFound`, `typeMismatch` or `outOfRange`.
    public func get<T: ABIRepresentable>(_ position: Int, as type: T.Type = T.self) throws(ABIError) -> T {
        guard let value = self[position] else { throw ABIError(.notFound, "there is no value at position \(position)") }
        do { return try T(abiValue: value) } catch { throw error.within(parameters.place(position)) }
    }
}

/// Typed results: `let (first, last) = try function.decodeReturn(data, as: Bytes32.self, Bytes32.self)`.
extension ABIFunction {
    /// The values that a call returned, as Swift types.
    ///
    /// - Throws: ``ABIError``; code `wrongCount` when the function returns another number of values.
    public func decodeReturn<each T: ABIRepresentable>(
        _ data: [UInt8], as types: repeat (each T).Type
    ) throws(ABIError) -> (repeat each T) {
        var reader = ValueReader(try decodeReturn(data), path: "returns")
        let result = (repeat try reader.next(each types))
        try reader.finish()
        return result
    }

    /// Calls with Swift values: `try function.encodeCall(with: owner, UInt256(5))`.
    ///
    /// - Throws: ``ABIError`` naming the argument that does not fit its type.
    public func encodeCall<each T: ABIRepresentable>(with arguments: repeat each T) throws(ABIError) -> [UInt8] {
        var values: [ABIValue] = []
        repeat values.append((each arguments).abiValue)
        return try encodeCall(values)
    }
}

extension ABIEvent {
    /// The values of a log with their names.
    ///
    /// - Throws: ``ABIError``, as ``decodeLog(topics:data:options:)``.
    public func record(topics: [Bytes32], data: [UInt8]) throws(ABIError) -> ABIRecord {
        try ABIRecord(decodeLog(topics: topics, data: data), for: inputs)
    }
}

/// Hands out values one by one as Swift types.
private struct ValueReader {
    private let values: [ABIValue]
    private let path: String
    private var position = 0

    init(_ values: [ABIValue], path: String) {
        self.values = values
        self.path = path
    }

    mutating func next<T: ABIRepresentable>(_ type: T.Type) throws(ABIError) -> T {
        guard position < values.count else { throw wrongCount }
        let place = "\(path)[\(position)]"
        position += 1
        do { return try T(abiValue: values[position - 1]) } catch { throw error.within(place) }
    }

    func finish() throws(ABIError) {
        guard position == values.count else { throw wrongCount }
    }

    private var wrongCount: ABIError {
        ABIError(.wrongCount, path: path, "\(values.count) values do not match the types asked for")
    }
}
