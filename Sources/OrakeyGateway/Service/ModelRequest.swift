import EthereumWallet
import StrictJSON

/// A request for a model, read as far as the gateway has to.
struct ModelRequest {
    let model: String
    let requestHash: String
    /// The body for the backend: as received, unless search has put something into it.
    private(set) var body: [UInt8]
    /// Whether the caller wants a search.
    let wantsSearch: Bool
    private let object: JSONObject

    private static let searchField = "search_enabled"

    /// Reads a body.
    ///
    /// - Throws: ``OpenAIError`` that says what is wrong.
    init(_ body: [UInt8]) throws(OpenAIError) {
        func bad(_ message: String) -> OpenAIError {
            OpenAIError(message, type: "invalid_request_error", code: "invalid_request")
        }
        self.body = body
        requestHash = ResponseHash.hex(SHA256.hash(body))
        let json: JSON
        // A key that stands there twice is refused: the backend might read the other one.
        do throws(JSONError) { json = try JSON.parse(body) } catch {
            // The error's own words may hold a part of a key of the caller's text.
            throw bad("the body is not JSON (line \(error.line), column \(error.column))")
        }
        guard let object = json.objectValue else { throw bad("the body is not a JSON object") }
        self.object = object
        guard let model = object["model"]?.stringValue, !model.isEmpty else { throw bad("model is missing: a name") }
        self.model = model
        switch object[Self.searchField] {
        case nil, .null: wantsSearch = false
        case .bool(let isWanted): wantsSearch = isWanted
        default: throw bad("search_enabled must be true or false")
        }
    }

    /// What to search for: the text of the last message of the user.
    var question: String? {
        let messages = object["messages"]?.arrayValue ?? []
        guard let last = messages.last(where: { $0["role"]?.stringValue == "user" }) else { return nil }
        if let text = last["content"]?.stringValue { return text }
        let parts = last["content"]?.arrayValue ?? []
        let text = parts.compactMap { $0["text"]?.stringValue }.joined(separator: " ")
        return text.isEmpty ? nil : text
    }

    /// Puts what was found in front of the last message of the user.
    mutating func add(_ results: [SearchResult]) {
        var object = object
        object[Self.searchField] = nil
        var messages = object["messages"]?.arrayValue ?? []
        if !results.isEmpty, let place = messages.lastIndex(where: { $0["role"]?.stringValue == "user" }) {
            messages.insert(["role": "system", "content": .string(SearchResult.prompt(results))], at: place)
            object["messages"] = .array(messages)
        }
        body = JSON.object(object).serialize()
    }
}
