import CurlHTTP
import EthereumWallet
import HTTPRelay

/// The model servers of the configuration, with their keys.
struct Backends: Sendable {
    private static let longestKey = 4096

    let settings: ServiceSettings
    private let servers: [(upstream: Upstream, key: SecretBytes?)]

    /// - Throws: where a key file can't be read, or others can read it.
    init(_ settings: ServiceSettings, http: HTTPClient) throws {
        self.settings = settings
        servers = try settings.backends.map { backend in
            (
                Upstream(
                    backend.url, client: http, idle: backend.idleTimeout,
                    tls: TLSOptions(authorityFile: backend.authorityFile)),
                try backend.keyFile.map { try SecretBytes.read(privateFile: $0, maxCount: Self.longestKey) }
            )
        }
    }

    /// The backend that serves a model.
    func index(of model: String) -> Int? { settings.models[model] ?? settings.otherModels }

    /// Sends a request to a backend, with the backend's own key in place of the caller's.
    func send(
        to index: Int, method: String, target: String, headers: [HTTPField], body: [UInt8]? = nil
    ) async throws(HTTPError) -> UpstreamAnswer {
        let (upstream, key) = servers[index]
        let secret = key.map { key in
            unsafe HTTPSecretField("Authorization", prefix: "Bearer ") { body in unsafe key.withUnsafeBytes(body) }
        }
        return try await upstream.send(
            method: method, target: target, headers: headers, secret: secret, upload: body.map { HTTPUpload(whole: $0) }
        )
    }
}
