import CurlHTTP
import OrakeyConfig

/// Reads `backends:`, `models:` and `search:`.
enum ReadServiceSettings {
    /// The name that stands for all models that have no line of their own.
    private static let anyModel = "*"
    private static let mostBytes = 1 << 30

    static func read(_ reader: inout MappingReader) -> ServiceSettings {
        var settings = ServiceSettings()
        settings.backends = reader.optional("backends").map(backends) ?? []
        let models = reader.optional("models")
        if let models { read(models, into: &settings) }
        if !settings.backends.isEmpty, models == nil {
            reader.report(.missing, at: "backends", "serve no model: name some under models")
        }
        settings.search = reader.optional("search").flatMap(search)
        if settings.search != nil, settings.backends.isEmpty {
            reader.report(.contradiction, at: "search", "is of no use without backends")
        }
        return settings
    }

    private static func backends(_ value: Value) -> [Backend] {
        guard var reader = value.mapping() else { return [] }
        return reader.keys.compactMap { name in
            guard let entry = reader.named(name), var reader = entry.mapping() else { return nil }
            let url = reader.required("url", "the model server, http://127.0.0.1:8000")?.parsed(address)
            let keyFile = reader.optional("key_file")?.filePath()
            let authorities = reader.optional("ca_file")?.filePath()
            let idle = reader.optional("idle_timeout")?.duration(in: .seconds(1) ... .seconds(86400))
            reader.finish()
            return url.map {
                Backend(
                    name: name, url: $0, keyFile: keyFile, authorityFile: authorities,
                    idleTimeout: idle ?? .seconds(600))
            }
        }
    }

    private static func read(_ value: Value, into settings: inout ServiceSettings) {
        guard var reader = value.mapping() else { return }
        for model in reader.keys {
            guard let name = reader.named(model)?.text() else { continue }
            guard let index = settings.backends.firstIndex(where: { $0.name == name }) else {
                reader.report(.invalid, at: model, "there is no such backend under backends")
                continue
            }
            if model == anyModel { settings.otherModels = index } else { settings.models[model] = index }
        }
    }

    private static func search(_ value: Value) -> SearchSettings? {
        guard var reader = value.mapping() else { return nil }
        let url = reader.required("url", "a service with SearXNG's JSON interface")?.parsed(address)
        let results = reader.optional("results")?.integer(in: 1...20)
        let timeout = reader.optional("timeout")?.duration(in: .milliseconds(100) ... .seconds(120))
        reader.finish()
        guard let url else { return nil }
        var settings = SearchSettings(url: url)
        settings.results = results ?? settings.results
        settings.timeout = timeout ?? settings.timeout
        return settings
    }

    /// What stands behind host and port would be dropped, and what is dropped would look as if it had an effect.
    private static func address(_ text: String) throws -> HTTPURL {
        let rest = text.firstRange(of: "://").map { text[$0.upperBound...] } ?? ""
        if !text.hasPrefix("http+unix:"), rest.contains(where: { "/?@".contains($0) }), !rest.hasSuffix("/") {
            throw InvalidAddress(description: "give scheme, host and port alone: http://127.0.0.1:8000")
        }
        return try HTTPURL(text)
    }

    static func limits(_ reader: inout MappingReader, into settings: inout ServiceSettings) {
        settings.bodyBytes = reader.optional("body_bytes")?.integer(in: 1024...mostBytes) ?? settings.bodyBytes
        settings.answerBytes = reader.optional("answer_bytes")?.integer(in: 1024...mostBytes) ?? settings.answerBytes
    }
}

/// A reason in words.
private struct InvalidAddress: Error, CustomStringConvertible { let description: String }
