/// The address of a JSON-RPC endpoint: `https://`, `http://`, or `http+unix:///path`.
///
/// Providers put access tokens into the path, the query or the user part, so that a description shows scheme and host
/// only. For `http+unix` the path is shown: it is a file name.
public struct EndpointURL: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable
{
    /// The whole address. May carry an access token; never log it.
    public let string: String
    /// The address without what may be secret.
    public let description: String

    /// Why a text is not an endpoint's address. Does not repeat the text.
    public struct Invalid: Error, Equatable, Sendable, CustomStringConvertible {
        /// What is wrong.
        public let description: String
    }

    /// Checks scheme, host and port.
    ///
    /// - Parameter string: The address in ASCII.
    public init(_ string: String) throws(Invalid) {
        guard string.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw Invalid(description: "has a blank, a control character or a letter outside ASCII in it")
        }
        guard let separator = string.firstRange(of: "://") else {
            throw Invalid(description: "has no scheme; write https://, http:// or http+unix:///path")
        }
        let scheme = string[..<separator.lowerBound]
        let rest = string[separator.upperBound...]
        guard !rest.contains("#") else { throw Invalid(description: "has a fragment ('#...'), which is never sent") }
        switch scheme {
        case "http+unix":
            guard rest.hasPrefix("/"), rest.count > 1 else {
                throw Invalid(description: "needs an absolute path: http+unix:///path")
            }
            description = string
        case "https", "http":
            let authority = rest.prefix { $0 != "/" && $0 != "?" }
            let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
            try Self.check(hostAndPort: host)
            description = "\(scheme)://\(host)" + (authority.count == rest.count ? "" : "/...")
        default:
            throw Invalid(description: "has a scheme other than https, http and http+unix")
        }
        self.string = string
    }

    /// Like ``description``.
    public var debugDescription: String { description }
    /// Shows ``description`` alone.
    public var customMirror: Mirror { Mirror(self, children: ["address": description]) }

    private static func check(hostAndPort text: Substring) throws(Invalid) {
        let host: Substring
        let port: Substring?
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { throw Invalid(description: "has '[' without ']'") }
            host = text[...end]
            let tail = text[text.index(after: end)...]
            guard tail.isEmpty || tail.hasPrefix(":") else { throw Invalid(description: "has text after ']'") }
            port = tail.isEmpty ? nil : tail.dropFirst()
        } else {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            host = parts.first ?? ""
            port = parts.count == 2 ? parts[1] : nil
        }
        guard !host.isEmpty else { throw Invalid(description: "names no host") }
        if let port {
            let digits = port.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
            guard digits, let number = UInt16(port), number > 0 else {
                throw Invalid(description: "has a port that is not a number from 1 to 65535")
            }
        }
    }
}
