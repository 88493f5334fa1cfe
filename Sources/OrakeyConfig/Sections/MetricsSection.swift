/// `metrics:`, where the metrics can be read besides the control socket.
public struct MetricsSection: Equatable, Sendable {
    /// A port of this host for `GET /metrics`, or `nil` for none.
    public var listen: LoopbackAddress?

    /// Settings of the metrics; the defaults are those of a file without `metrics:`.
    public init(listen: LoopbackAddress? = nil) { self.listen = listen }
}

/// A TCP port that only this host can reach.
public struct LoopbackAddress: Equatable, Sendable, CustomStringConvertible {
    /// `127.0.0.1` or `::1`.
    public let host: String
    /// The port, from 1.
    public let port: UInt16

    /// Why a text is not such an address.
    public struct Problem: Error, Equatable, CustomStringConvertible {
        public let description: String
    }

    /// Parses `127.0.0.1:PORT` or `[::1]:PORT`.
    public init(parsing text: String) throws(Problem) {
        guard let colon = text.lastIndex(of: ":") else {
            throw Problem(description: "expected 127.0.0.1:PORT or [::1]:PORT")
        }
        switch text[..<colon] {
        case "127.0.0.1": host = "127.0.0.1"
        case "[::1]": host = "::1"
        default:
            throw Problem(
                description: "expected 127.0.0.1:PORT or [::1]:PORT: only this host may be able to reach the port")
        }
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), digits.first != "0", let port = UInt16(digits)
        else { throw Problem(description: "the port has to be a number from 1 to 65535") }
        self.port = port
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
