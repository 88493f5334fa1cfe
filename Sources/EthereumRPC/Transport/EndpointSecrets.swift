import CurlHTTP

/// The parts of an endpoint's address and header fields that may be credentials. Servers like to quote what they did not
/// accept, and an error's text goes to logs and terminals: whatever it quotes of these is struck out.
struct EndpointSecrets: Sendable {
    /// Shorter parts of paths, queries and headers are names (`v3`, `mainnet`), not keys.
    private static let minimumLength = 8

    /// A text is cut somewhere. So much of a credential at its end is taken for the beginning of one.
    private static let minimumBeginning = 4

    /// In lower case, longest first, so that a part of a longer one does not leave the rest.
    private let words: [[UInt8]]

    init(_ endpoint: RPCEndpoint) {
        var words = Set(endpoint.url.credentialParts(minimumLength: Self.minimumLength))
        for field in endpoint.headers {
            let parts = [field.value[...]] + field.value.split { " ,;=".contains($0) }
            for part in parts where part.utf8.count >= Self.minimumLength { words.insert(String(part)) }
        }
        self.words = words.map { $0.utf8.map(Self.lowered) }.sorted { $0.count > $1.count }
    }

    /// Credentials struck out, in whatever case, whole or cut off at the end.
    func redacted(_ text: String) -> String {
        let bytes = Array(text.utf8)
        let lower = bytes.map(Self.lowered)
        var result: [UInt8] = []
        var position = 0
        var isChanged = false
        while position < bytes.count {
            let rest = lower[position...]
            let found = words.first { rest.starts(with: $0) }
            let isBeginning =
                found == nil && rest.count >= Self.minimumBeginning && words.contains { $0.starts(with: rest) }
            guard found != nil || isBeginning else {
                result.append(bytes[position])
                position += 1
                continue
            }
            result += Array("<redacted>".utf8)
            position += found?.count ?? rest.count
            isChanged = true
        }
        return isChanged ? String(decoding: result, as: UTF8.self) : text
    }

    private static func lowered(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
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
