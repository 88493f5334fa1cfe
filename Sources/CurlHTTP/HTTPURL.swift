internal import CCurl

/// An `http`, `https` or `http+unix` address.
///
/// `http+unix:///run/node.sock` is HTTP over that Unix socket with the target `/`;
/// `http+unix://%2Frun%2Fnode.sock/target` names another target. Paths, queries and user names of an address often hold
/// credentials, so its descriptions show none of them.
public struct HTTPURL: Sendable, Hashable {
    /// `http` or `https`; a Unix socket's is `http`.
    public let scheme: String
    /// Host name or address, brackets of IPv6 included; `localhost` for a Unix socket.
    public let host: String
    /// The port, given or implied.
    public let port: Int
    /// The path of the Unix socket, if it is one.
    public let unixSocketPath: String?
    /// What libcurl gets.
    let absolute: String

    /// Checks and takes apart an address. Fragments are refused: they never reach a server.
    public init(_ text: String) throws(HTTPError) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            throw Self.invalid("it holds a blank or a control character")
        }
        let unixPrefix = "http+unix://"
        if text.hasPrefix(unixPrefix) {
            let rest = text.dropFirst(unixPrefix.count)
            guard let slash = rest.firstIndex(of: "/") else { throw Self.invalid("it names no socket") }
            if slash == rest.startIndex {
                try self.init(unixSocketPath: try Self.percentDecoded(rest))
            } else {
                try self.init(unixSocketPath: try Self.percentDecoded(rest[..<slash]), target: String(rest[slash...]))
            }
            return
        }
        let parts = try URLParts(text)
        guard parts.scheme == "http" || parts.scheme == "https" else {
            throw Self.invalid("its scheme is not http, https or http+unix")
        }
        guard !parts.host.isEmpty, let port = Int(parts.port), port > 0 else { throw Self.invalid("it names no host") }
        guard !parts.hasFragment else { throw Self.invalid("it has a fragment (#...)") }
        self.init(scheme: parts.scheme, host: parts.host, port: port, unixSocketPath: nil, absolute: parts.normalised)
    }

    private init(scheme: String, host: String, port: Int, unixSocketPath: String?, absolute: String) {
        self.scheme = scheme
        self.host = host
        self.port = port
        self.unixSocketPath = unixSocketPath
        self.absolute = absolute
    }

    /// HTTP over the Unix socket at an absolute path.
    public init(unixSocketPath path: String, target: String = "/") throws(HTTPError) {
        // sockaddr_un holds 108 bytes with the final NUL.
        guard path.utf8.first == 0x2F, path.utf8.count < 108, !path.utf8.contains(0) else {
            throw Self.invalid("a socket's path must be absolute and shorter than 108 bytes")
        }
        guard target.utf8.first == 0x2F else { throw Self.invalid("the target does not begin with /") }
        self.init(
            scheme: "http", host: "localhost", port: 80, unixSocketPath: path,
            absolute: try URLParts("http://localhost" + target).normalised)
    }

    /// Another path and query, which begin with `/` and are percent-encoded, at the same host. A user name is dropped.
    public func replacingTarget(_ target: String) throws(HTTPError) -> HTTPURL {
        if let unixSocketPath { return try HTTPURL(unixSocketPath: unixSocketPath, target: target) }
        guard target.utf8.first == 0x2F else { throw Self.invalid("the target does not begin with /") }
        return try HTTPURL("\(scheme)://\(host):\(port)\(target)")
    }

    /// The pieces of user name, password, path and query, of which any may be a credential: passwords of every length,
    /// others from `minimumLength` bytes on. For striking them out of texts.
    package func credentialParts(minimumLength: Int) -> [String] {
        let rest = absolute.dropFirst("\(scheme)://".count)
        let end = rest.firstIndex { "/?".contains($0) } ?? rest.endIndex
        var parts = rest[end...].split { "/?&=;".contains($0) }.filter { $0.utf8.count >= minimumLength }
        var inHeader = ""
        if let at = rest[..<end].lastIndex(of: "@") {
            let user = rest[..<at].split(separator: ":", maxSplits: 1)
            parts += user.prefix(1).filter { $0.utf8.count >= minimumLength } + user.dropFirst()
            if let plain = try? Self.percentDecoded(rest[..<at]) { inHeader = Self.base64(plain.utf8) }
        }
        let decoded = parts.compactMap { part in try? Self.percentDecoded(part) }
        return (parts.map { String($0) } + decoded + [inHeader]).filter { !$0.isEmpty }
    }

    /// Base64 without padding: what `Authorization: Basic` makes of a user name and password.
    private static func base64(_ text: String.UTF8View) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".unicodeScalars)
        var result = String.UnicodeScalarView()
        var bits = 0
        var pending = 0
        for byte in text {
            bits = (bits << 8 | Int(byte)) & 0xFFFF
            pending += 8
            while pending >= 6 {
                pending -= 6
                result.append(alphabet[bits >> pending & 63])
            }
        }
        if pending > 0 { result.append(alphabet[bits << (6 - pending) & 63]) }
        return String(result)
    }

    /// Whether the host is this machine: never through a proxy.
    var isLoopback: Bool {
        unixSocketPath != nil || host == "localhost" || host == "[::1]"
            || (host.hasPrefix("127.") && host.utf8.allSatisfy { $0 == 0x2E || (0x30...0x39).contains($0) })
    }

    private static func percentDecoded(_ text: Substring) throws(HTTPError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == 0x25 {
                guard let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit) else {
                    throw invalid("it has a broken percent escape")
                }
                bytes.append(high << 4 | low)
            } else {
                bytes.append(byte)
            }
        }
        guard let path = String(validating: bytes, as: UTF8.self) else {
            throw invalid("the socket's path is not UTF-8")
        }
        return path
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }

    private static func invalid(_ what: String) -> HTTPError {
        HTTPError(.invalidRequest, "the address is not usable: \(what)")
    }
}

extension HTTPURL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Scheme, host and port only.
    public var description: String {
        if let unixSocketPath { return "http+unix://\(unixSocketPath)" }
        let isDefault = port == (scheme == "https" ? 443 : 80)
        return "\(scheme)://\(host)\(isDefault ? "" : ":\(port)")"
    }
    /// Scheme, host and port only.
    public var debugDescription: String { description }
    /// Scheme, host and port only.
    public var customMirror: Mirror { Mirror(self, children: ["address": description]) }
}

/// libcurl's own parser, so that what is checked here is what is used later.
private struct URLParts {
    let scheme: String
    let host: String
    let port: String
    let hasFragment: Bool
    let normalised: String

    init(_ text: String) throws(HTTPError) {
        guard let handle = unsafe curl_url() else { throw HTTPError(.other(27), "out of memory") }
        defer { unsafe curl_url_cleanup(handle) }
        // Without CURLU_DEFAULT_SCHEME and CURLU_GUESS_SCHEME: a missing scheme is a mistake, not http.
        let result = unsafe curl_url_set(handle, CURLUPART_URL, text, 0)
        guard result == CURLUE_OK else {
            let reason = unsafe curl_url_strerror(result).map { unsafe String(cString: $0) } ?? "malformed"
            throw HTTPError(.invalidRequest, "the address is not usable: \(reason)")
        }
        scheme = unsafe Self.part(handle, CURLUPART_SCHEME) ?? ""
        host = unsafe Self.part(handle, CURLUPART_HOST) ?? ""
        port = unsafe Self.part(handle, CURLUPART_PORT, UInt32(CURLU_DEFAULT_PORT)) ?? ""
        hasFragment = unsafe Self.part(handle, CURLUPART_FRAGMENT) != nil
        normalised = unsafe Self.part(handle, CURLUPART_URL) ?? text
    }

    private static func part(_ handle: OpaquePointer, _ part: CURLUPart, _ flags: UInt32 = 0) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard unsafe curl_url_get(handle, part, &text, flags) == CURLUE_OK, let text = unsafe text else { return nil }
        defer { unsafe curl_free(text) }
        return unsafe String(cString: text)
    }
}
