/// A JSON value (RFC 8259) that keeps what strict programs need: numbers as their exact text, objects in the order in
/// which they were written, and no key twice.
///
/// Read one with ``parse(_:limits:)``, write one with ``serialize()``, ``text`` or ``pretty()``.
public enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSON])
    case object(JSONObject)
}

extension JSON {
    /// Builds a number from any integer, exactly.
    public static func integer(_ value: some BinaryInteger) -> JSON { .number(JSONNumber(value)) }

    /// What kind of value this is, for messages: `"an object"`, `"a string"`, ...
    public var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// Whether this is `null`.
    public var isNull: Bool { if case .null = self { true } else { false } }

    /// The boolean, or nil when this is something else.
    public var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }

    /// The number, or nil when this is something else.
    public var numberValue: JSONNumber? { if case .number(let value) = self { value } else { nil } }

    /// The string, or nil when this is something else.
    public var stringValue: String? { if case .string(let value) = self { value } else { nil } }

    /// The elements, or nil when this is not an array.
    public var arrayValue: [JSON]? { if case .array(let value) = self { value } else { nil } }

    /// The object, or nil when this is something else.
    public var objectValue: JSONObject? { if case .object(let value) = self { value } else { nil } }

    /// The member of an object, or nil when this is not an object or has no such member.
    public subscript(key: String) -> JSON? { objectValue?[key] }

    /// The element of an array, or nil when this is not an array or is too short.
    public subscript(index: Int) -> JSON? {
        guard case .array(let values) = self, values.indices.contains(index) else { return nil }
        return values[index]
    }
}

extension JSON: ExpressibleByNilLiteral {
    public init(nilLiteral: ()) { self = .null }
}

extension JSON: ExpressibleByBooleanLiteral {
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension JSON: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }
}

extension JSON: ExpressibleByStringInterpolation {
    public init(stringLiteral value: String) { self = .string(value) }
}

extension JSON: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
}

extension JSON: ExpressibleByDictionaryLiteral {
    /// Later values replace earlier ones of the same key.
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(JSONObject(elements))
    }
}
