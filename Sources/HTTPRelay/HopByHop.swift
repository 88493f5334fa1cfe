public import CurlHTTP

/// The fields that belong to one connection and end at a relay (RFC 9110, section 7.6.1).
public enum HopByHop {
    private static let names: Set<String> = [
        "connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te",
        "trailer",
        "transfer-encoding", "upgrade",
    ]

    /// The fields that go on: without those of the connection (and `Expect`, which a front has met by then), those that `Connection` names, and `dropping` (lower
    /// case). `Content-Length` goes too: both sides frame bodies themselves.
    public static func strip(_ fields: [HTTPField], dropping: Set<String> = []) -> [HTTPField] {
        var named: Set<String> = []
        for value in fields.values("connection") {
            for name in value.split(separator: ",") {
                named.insert(name.filter { $0 != " " && $0 != "\t" }.lowercased())
            }
        }
        return fields.filter { field in
            let name = field.name.lowercased()
            return name != "content-length" && !names.contains(name) && !named.contains(name)
                && !dropping.contains(name)
        }
    }
}
