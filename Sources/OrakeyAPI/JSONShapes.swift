import StrictJSON

// Requests are read strictly: an unknown field, a wrong type or a number out of range is refused (`finish()`), because a
// constraint that is silently dropped is a hole. Answers are read tolerantly: a client meets daemons newer than itself,
// and ignores fields it does not know. Values it must understand (a state, a kind) are never guessed: those are errors.
// Fields without a value are sent as null in answers, and left out of requests.

extension JSON {
    static func of(_ text: String?) -> JSON {
        guard let text else { return .null }
        return .string(text)
    }

    static func of(_ value: (some FixedWidthInteger)?) -> JSON {
        guard let value else { return .null }
        return .integer(value)
    }
}

extension JSONObject {
    /// Sets a field of a request; nil leaves it out.
    mutating func set(_ key: String, _ text: String?) {
        if let text { self[key] = .string(text) }
    }
}

extension JSONReader {
    /// One of the words of an enumeration.
    mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String, as type: Choice.Type = Choice.self
    ) throws(JSONError) -> Choice where Choice.RawValue == String {
        guard let choice = Choice(rawValue: try string(key)) else {
            let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw invalid(key, "expected one of \(words)")
        }
        return choice
    }

    /// An array of whole numbers.
    mutating func integers(_ key: String) throws(JSONError) -> [UInt64] {
        var values: [UInt64] = []
        for (index, element) in try array(key).enumerated() {
            guard let value = element.numberValue?.integer(UInt64.self) else {
                throw invalid("\(key)[\(index)]", "expected a whole number")
            }
            values.append(value)
        }
        return values
    }
}
