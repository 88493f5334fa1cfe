/// Reads the members of one object into a wire type: each field once, by name and type, and nothing may be left over.
///
/// ```swift
/// var reader = try JSONReader(json)
/// let network = try reader.string("network")
/// let count = try reader.optionalInt("count", in: 1...50) ?? 1
/// try reader.finish()
/// ```
///
/// Optional fields may be missing or `null`. Errors name the path of the value and never repeat it.
public struct JSONReader: Sendable {
    /// Path of this object, for errors.
    public let path: String

    private let object: JSONObject
    private var known: [String] = []

    /// - Throws: ``JSONError`` of kind `wrongType` when the value is not an object.
    public init(_ json: JSON, path: String = "") throws(JSONError) {
        guard case .object(let object) = json else {
            throw JSONError(.wrongType(expected: "an object", found: json.kindName), path: path)
        }
        self.init(object: object, path: path)
    }

    /// Reads an object that is known to be one.
    public init(object: JSONObject, path: String = "") {
        self.object = object
        self.path = path
    }

    /// Path of a field of this object.
    public func path(of key: String) -> String { JSONPath.join(path, key) }

    /// An error about the value of a field, for checks that the caller makes; `reason` must not repeat a secret value.
    public func invalid(_ key: String, _ reason: String) -> JSONError {
        JSONError(.invalidValue(reason), path: path(of: key))
    }

    /// Whether the field is there and not null. Counts as having asked for it.
    public mutating func has(_ key: String) -> Bool { optionalValue(key) != nil }

    /// The field, whatever its type; nil when it is missing or null.
    public mutating func optionalValue(_ key: String) -> JSON? {
        if !known.contains(key) { known.append(key) }
        guard let value = object[key], !value.isNull else { return nil }
        return value
    }

    /// The field, whatever its type, null included.
    public mutating func value(_ key: String) throws(JSONError) -> JSON {
        if !known.contains(key) { known.append(key) }
        guard let value = object[key] else { throw JSONError(.missingField(key), path: path) }
        return value
    }

    /// Accepts and drops fields that a peer may add, in answers from other programs only.
    public mutating func ignore(_ keys: String...) {
        for key in keys where !known.contains(key) { known.append(key) }
    }

    /// Refuses fields that nobody asked for.
    ///
    /// - Throws: ``JSONError`` of kind `unknownField`, with the nearest name that was asked for.
    public func finish() throws(JSONError) {
        guard object.count > 0 else { return }
        for (key, _) in object where !known.contains(key) {
            throw JSONError(.unknownField(key, nearest: NearestName.of(key, among: known)), path: path)
        }
    }
}

extension JSONReader {
    /// A string.
    public mutating func string(_ key: String) throws(JSONError) -> String {
        try required(key, "a string", \.stringValue)
    }

    /// A string, or nil when the field is missing or null.
    public mutating func optionalString(_ key: String) throws(JSONError) -> String? {
        try optional(key, "a string", \.stringValue)
    }

    /// A boolean.
    public mutating func bool(_ key: String) throws(JSONError) -> Bool {
        try required(key, "a boolean", \.boolValue)
    }

    /// A boolean, or nil when the field is missing or null.
    public mutating func optionalBool(_ key: String) throws(JSONError) -> Bool? {
        try optional(key, "a boolean", \.boolValue)
    }

    /// A number, as its text.
    public mutating func number(_ key: String) throws(JSONError) -> JSONNumber {
        try required(key, "a number", \.numberValue)
    }

    /// A number, as its text, or nil when the field is missing or null.
    public mutating func optionalNumber(_ key: String) throws(JSONError) -> JSONNumber? {
        try optional(key, "a number", \.numberValue)
    }

    /// The elements of an array.
    public mutating func array(_ key: String) throws(JSONError) -> [JSON] {
        try required(key, "an array", \.arrayValue)
    }

    /// The elements of an array, or nil when the field is missing or null.
    public mutating func optionalArray(_ key: String) throws(JSONError) -> [JSON]? {
        try optional(key, "an array", \.arrayValue)
    }

    /// A reader of an object inside this one.
    public mutating func object(_ key: String) throws(JSONError) -> JSONReader {
        JSONReader(object: try required(key, "an object", \.objectValue), path: path(of: key))
    }

    /// A reader of an object inside this one, or nil when the field is missing or null.
    public mutating func optionalObject(_ key: String) throws(JSONError) -> JSONReader? {
        guard let object = try optional(key, "an object", \.objectValue) else { return nil }
        return JSONReader(object: object, path: path(of: key))
    }

    /// Readers of an array's objects.
    public mutating func objects(_ key: String) throws(JSONError) -> [JSONReader] {
        var readers: [JSONReader] = []
        for (index, element) in try array(key).enumerated() {
            readers.append(try JSONReader(element, path: "\(path(of: key))[\(index)]"))
        }
        return readers
    }

    /// An array of strings.
    public mutating func strings(_ key: String) throws(JSONError) -> [String] {
        var strings: [String] = []
        for (index, element) in try array(key).enumerated() {
            guard let text = element.stringValue else {
                throw JSONError(
                    .wrongType(expected: "a string", found: element.kindName), path: "\(path(of: key))[\(index)]")
            }
            strings.append(text)
        }
        return strings
    }

    /// An integer in a range.
    public mutating func int<T: FixedWidthInteger>(
        _ key: String, in range: ClosedRange<T> = T.min...T.max
    ) throws(JSONError) -> T {
        guard let value: T = try optionalInt(key, in: range) else { throw missing(key, "an integer") }
        return value
    }

    /// An integer in a range, or nil when the field is missing or null.
    public mutating func optionalInt<T: FixedWidthInteger>(
        _ key: String, in range: ClosedRange<T> = T.min...T.max
    ) throws(JSONError) -> T? {
        guard let number = try optional(key, "an integer", \.numberValue) else { return nil }
        guard let value = number.integer(T.self), range.contains(value) else {
            throw JSONError(
                .outOfRange("an integer from \(range.lowerBound) to \(range.upperBound)"), path: path(of: key))
        }
        return value
    }

    /// An integer written as a decimal string (the wire form of numbers that can exceed 2^53): digits only, no leading zero.
    public mutating func decimalString<T: FixedWidthInteger & UnsignedInteger>(
        _ key: String, as type: T.Type = T.self
    ) throws(JSONError) -> T {
        guard let value: T = try optionalDecimalString(key) else { throw missing(key, "a decimal string") }
        return value
    }

    /// An integer written as a decimal string, or nil when the field is missing or null.
    public mutating func optionalDecimalString<T: FixedWidthInteger & UnsignedInteger>(
        _ key: String, as type: T.Type = T.self
    ) throws(JSONError) -> T? {
        guard let text = try optional(key, "a decimal string", \.stringValue) else { return nil }
        guard let value = T(text), text == "0" || !text.hasPrefix("0"), !text.hasPrefix("+"), !text.hasPrefix("-")
        else {
            throw JSONError(.outOfRange("a decimal string from 0 to \(T.max)"), path: path(of: key))
        }
        return value
    }

    private mutating func required<T>(
        _ key: String, _ expected: String, _ get: (JSON) -> T?
    ) throws(JSONError) -> T {
        guard let value = try optional(key, expected, get) else { throw missing(key, expected) }
        return value
    }

    private mutating func optional<T>(
        _ key: String, _ expected: String, _ get: (JSON) -> T?
    ) throws(JSONError) -> T? {
        guard let json = optionalValue(key) else { return nil }
        guard let value = get(json) else {
            throw JSONError(.wrongType(expected: expected, found: json.kindName), path: path(of: key))
        }
        return value
    }

    private func missing(_ key: String, _ expected: String) -> JSONError {
        object[key] == nil
            ? JSONError(.missingField(key), path: path)
            : JSONError(.wrongType(expected: expected, found: "null"), path: path(of: key))
    }
}
