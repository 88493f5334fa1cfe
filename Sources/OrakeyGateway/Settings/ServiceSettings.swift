public import CurlHTTP

/// What the reverse proxy's role needs; without backends there is none.
public struct ServiceSettings: Equatable, Sendable {
    /// Model servers, by their name in the file.
    public var backends: [Backend] = []
    /// Which backend serves a model, as a position in ``backends``.
    public var models: [String: Int] = [:]
    /// Which backend serves all other models; nil for none.
    public var otherModels: Int?
    /// The search service for `search_enabled`; nil for none.
    public var search: SearchSettings?
    /// Bytes of a request's body.
    public var bodyBytes = 8 * 1024 * 1024
    /// Bytes of an answer that is not streamed.
    public var answerBytes = 64 * 1024 * 1024

    public init() {}

    /// The backend of a model.
    func backend(of model: String) -> Backend? {
        (models[model] ?? otherModels).map { backends[$0] }
    }

    /// The names of all models that the file lists, sorted.
    var modelNames: [String] { models.keys.sorted() }
}

/// One entry of `backends:`, an OpenAI-compatible model server.
public struct Backend: Equatable, Sendable {
    public var name: String
    /// Scheme, host and port.
    public var url: HTTPURL
    /// The file with the server's own API key; nil where it asks for none.
    public var keyFile: String?
    /// The authorities that are trusted instead of the system's, in PEM; nil for the system's.
    public var authorityFile: String?
    /// How long it may be silent.
    public var idleTimeout: Duration
}

/// `search:`, a service with SearXNG's JSON interface.
public struct SearchSettings: Equatable, Sendable {
    /// Scheme, host and port.
    public var url: HTTPURL
    /// How many results are used.
    public var results = 5
    public var timeout = Duration.seconds(10)

    public init(url: HTTPURL) { self.url = url }
}
