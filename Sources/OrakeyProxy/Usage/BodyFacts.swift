import OrakeyAPI
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

    private static let paths: [JSON.Path] = [
        ["model"], ["usage", "prompt_tokens"], ["usage", "input_tokens"], ["usage", "completion_tokens"],
        ["usage", "output_tokens"], ["requestHash"], ["responseHash"],
    ]

    init(parsing bytes: some Collection<UInt8>) {
        guard !bytes.isEmpty, let values = try? JSON.values(at: Self.paths, of: bytes) else { return }
        model = values[0]?.stringValue.flatMap(Self.plain)
        promptTokens = TokenCount.believed(values[1] ?? values[2])
        completionTokens = TokenCount.believed(values[3] ?? values[4])
        requestHash = values[5]?.stringValue.flatMap(Self.hash)
        responseHash = values[6]?.stringValue.flatMap(Self.hash)
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

    private static func hash(_ text: String) -> String? {
        text.utf8.count == 64 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
            ? text : nil
    }
}
