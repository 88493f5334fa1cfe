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
        return .number(JSONNumber(value))
    }
}

extension JSONObject {
    /// Sets a field of a request; nil leaves it out.
    mutating func set(_ key: String, _ text: String?) {
        if let text { self[key] = .string(text) }
    }
}
