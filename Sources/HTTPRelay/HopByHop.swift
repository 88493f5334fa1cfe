public import CurlHTTP

/// The fields that belong to one connection and end at a relay (RFC 9110, section 7.6.1).
public enum HopByHop {
    static let names = [
        "connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te",
        "trailer", "transfer-encoding", "upgrade", "content-length",
    ]

    /// The fields that go on: without those of the connection (and `Expect`, which a front has met by then), those that
    /// `Connection` names, and `dropping`. `Content-Length` goes too: both sides frame bodies themselves.
    public static func strip(_ fields: [HTTPField], dropping: [String] = []) -> [HTTPField] {
        var named: [String] = []
        for value in fields.values("connection") {
            for name in value.split(separator: ",") { named.append(name.filter { $0 != " " && $0 != "\t" }) }
        }
        return fields.filter { field in
            // Names of other lengths are told apart at once, without a look at their letters.
            func isAmong(_ names: [String]) -> Bool { names.contains { equalsIgnoringCase($0, field.name) } }
            return !isAmong(names) && !isAmong(dropping) && (named.isEmpty || !isAmong(named))
        }
    }
}
