import StrictJSON

/// An error in the form of OpenAI's API: `{"error":{"message","type","code"}}`.
public struct OpenAIError: Error, Sendable, Equatable {
    public let message: String
    public let type: String
    public let code: String

    public init(_ message: String, type: String, code: String) {
        self.message = message
        self.type = type
        self.code = code
    }

    /// The body, with a line end.
    var body: [UInt8] {
        let error: JSON = ["message": .string(message), "type": .string(type), "code": .string(code)]
        return (["error": error] as JSON).serialize() + [UInt8(ascii: "\n")]
    }
}
