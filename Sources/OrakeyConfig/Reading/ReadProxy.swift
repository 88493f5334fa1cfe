/// Reads `proxy:`.
enum ReadProxy {
    private static let idleTimes: ClosedRange<Duration> = .seconds(1) ... .seconds(86400)

    static func read(_ value: Value) -> ProxySection? {
        guard var reader = value.mapping() else { return nil }
        let socket = reader.optional("socket").flatMap(ReadConfiguration.socket)
        let port = reader.optional("port")?.integer(in: UInt16.min...UInt16.max)
        let isGiven = reader.has("upstream")
        let given = reader.optional("upstream")?.parsed(upstream)
        let upstream = isGiven ? given : try? EndpointURL(ProxySection.defaultUpstream)
        let authorities = reader.optional("ca_file")?.filePath()
        let idle = reader.optional("idle_timeout")?.duration(in: idleTimes)
        reader.finish()
        return upstream.map {
            ProxySection(
                socket: socket, port: port, upstream: $0, authorityFile: authorities,
                idleTimeout: idle ?? .seconds(600))
        }
    }

    /// A key goes with every request: never in the clear over a network, and to one host alone.
    static func upstream(_ text: String) throws(EndpointURL.Invalid) -> EndpointURL {
        let url = try EndpointURL(text)
        guard !text.hasPrefix("http+unix://") else { return url }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3 || parts.count == 4 && parts[3].isEmpty, !text.contains("?"), !text.contains("@") else {
            throw EndpointURL.Invalid(description: "is more than scheme, host and port: /v1/... comes from the caller")
        }
        let host = parts[2].hasPrefix("[") ? parts[2].prefix { $0 != "]" } + "]" : parts[2].prefix { $0 != ":" }
        let isHere =
            host == "localhost" || host == "[::1]"
            || host.hasPrefix("127.") && host.utf8.allSatisfy { $0 == 0x2E || (0x30...0x39).contains($0) }
        guard text.hasPrefix("https://") || isHere else {
            throw EndpointURL.Invalid(description: "would send keys in the clear: use https://")
        }
        return url
    }
}
