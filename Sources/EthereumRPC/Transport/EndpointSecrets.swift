import CurlHTTP

/// The parts of an endpoint's address and header fields that may be credentials. Servers like to quote what they did not
/// accept, and an error's text goes to logs and terminals: whatever it quotes of these is struck out.
struct EndpointSecrets: Sendable {
    /// Shorter parts of paths, queries and headers are names (`v3`, `mainnet`), not keys.
    private static let minimumLength = 8

    /// Longest first, so that a part of a longer one does not leave the rest.
    private let words: [String]

    init(_ endpoint: RPCEndpoint) {
        var words = Set(endpoint.url.credentialParts(minimumLength: Self.minimumLength))
        for field in endpoint.headers {
            let parts = [field.value[...]] + field.value.split { " ,;=".contains($0) }
            for part in parts where part.utf8.count >= Self.minimumLength { words.insert(String(part)) }
        }
        self.words = words.sorted { $0.utf8.count > $1.utf8.count }
    }

    func redacted(_ text: String) -> String {
        var text = text
        for word in words where text.contains(word) { text = text.replacing(word, with: "<redacted>") }
        return text
    }

    func redacted(_ error: RPCError) -> RPCError {
        let kind: RPCError.Kind =
            switch error.kind {
            case .transport(let reason): .transport(redacted(reason))
            case .timeout(let reason): .timeout(redacted(reason))
            case .noEndpoint(let reason): .noEndpoint(redacted(reason))
            case .invalidAnswer(let reason): .invalidAnswer(redacted(reason))
            case .server(let code, let message, let data, let found):
                .server(code: code, message: redacted(message), data: data, class: found)
            case .http, .rateLimited, .wrongChain, .noQuorum, .cancelled: error.kind
            }
        return RPCError(
            kind, mayHaveTakenEffect: error.mayHaveTakenEffect, endpoint: error.endpoint, retryAfter: error.retryAfter)
    }
}
