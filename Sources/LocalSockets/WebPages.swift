/// How a request is known that a web page has made a browser send to a port of this host.
///
/// A page may do so under the port's own address, or under a name of its own that its owner points at this host.
public enum WebPages {
    /// Fields that only browsers send, in lower case.
    public static let fields = ["origin", "referer", "sec-fetch-site"]

    /// Whether a `Host` field names this host: by a name that no name server is asked for (RFC 6761, section 6.3), or by a
    /// loopback address.
    ///
    /// - Parameter port: the only port that may follow; nil for any.
    public static func isThisHost(_ host: String, port: UInt16? = nil) -> Bool {
        let host = host.lowercased()
        let name = host.hasPrefix("[::1]") ? host.prefix(5) : host.prefix { $0 != ":" }
        guard name == "localhost" || name == "[::1]" || isLoopback(name) else { return false }
        let rest = host[name.endIndex...]
        if rest.isEmpty { return true }
        guard let port else { return rest.first == ":" && rest.dropFirst().utf8.allSatisfy(isDigit) }
        return rest == ":\(port)"
    }

    private static func isLoopback(_ name: Substring) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { $0.utf8.allSatisfy(isDigit) && UInt8($0) != nil }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
