/// A blockchain identifier in front of an API key: `[A-Z0-9_]{1,32}`, such as `BASE`.
public struct NetworkName: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Longest name, in characters.
    public static let maxCount = 32

    /// The name as text.
    public let rawValue: String

    /// Checks a name.
    ///
    /// - Throws: ``APIKeyError/network(_:)``.
    public init(_ name: some StringProtocol) throws(APIKeyError) {
        let problem = name.utf8.withContiguousStorageIfAvailable { unsafe Self.problem(UnsafeRawBufferPointer($0)) }
        if let problem = problem ?? Self.problem(Array(name.utf8)) { throw .network(problem) }
        rawValue = String(name)
    }

    init(utf8: UnsafeRawBufferPointer) throws(APIKeyError) {
        if let problem = unsafe Self.problem(utf8) { throw .network(problem) }
        rawValue = unsafe String(decoding: utf8, as: UTF8.self)
    }

    public var description: String { rawValue }

    public static func < (a: NetworkName, b: NetworkName) -> Bool { a.rawValue < b.rawValue }

    private static func problem(_ bytes: [UInt8]) -> APIKeyError.NetworkProblem? {
        unsafe bytes.withUnsafeBytes { unsafe problem($0) }
    }

    private static func problem(_ bytes: UnsafeRawBufferPointer) -> APIKeyError.NetworkProblem? {
        if bytes.count == 0 { return .empty }
        if bytes.count > maxCount { return .tooLong }
        for i in 0..<bytes.count {
            switch unsafe bytes[i] {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                continue
            case UInt8(ascii: "a")...UInt8(ascii: "z"): return .lowerCase(offset: i)
            default: return .character(offset: i)
            }
        }
        return nil
    }
}
