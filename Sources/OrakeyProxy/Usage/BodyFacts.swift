import StrictJSON

/// What a body says about itself. Bodies are hostile; what can't be read says nothing.
struct BodyFacts: Equatable {
    /// Longest name of a model that is believed, in bytes.
    static let longestModel = 128

    var model: String?
    var promptTokens: UInt64?
    var completionTokens: UInt64?
    var requestHash: String?
    var responseHash: String?

    init() {}

    init(_ json: JSON) {
        model = json["model"]?.stringValue.flatMap(Self.plain)
        if let usage = json["usage"] {
            promptTokens = Self.count(usage["prompt_tokens"] ?? usage["input_tokens"])
            completionTokens = Self.count(usage["completion_tokens"] ?? usage["output_tokens"])
        }
        requestHash = json["requestHash"]?.stringValue.flatMap(Self.hash)
        responseHash = json["responseHash"]?.stringValue.flatMap(Self.hash)
    }

    init(parsing bytes: some Collection<UInt8>) {
        self = (try? JSON.parse(Array(bytes))).map { BodyFacts($0) } ?? BodyFacts()
    }

    /// What a later event of the same stream adds.
    mutating func add(_ later: BodyFacts) {
        model = model ?? later.model
        promptTokens = later.promptTokens ?? promptTokens
        completionTokens = later.completionTokens ?? completionTokens
        requestHash = later.requestHash ?? requestHash
        responseHash = later.responseHash ?? responseHash
    }

    /// Names go into metrics and tables.
    private static func plain(_ name: String) -> String? {
        (1...longestModel).contains(name.utf8.count) && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } ? name : nil
    }

    private static func count(_ json: JSON?) -> UInt64? {
        guard let count = json?.numberValue?.integer(UInt64.self), count < 1 << 40 else { return nil }
        return count
    }

    private static func hash(_ text: String) -> String? {
        text.utf8.count == 64 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
            ? text : nil
    }
}
