import NIOCore

/// Targets that surely stay below `/v1/`, however often somebody takes them apart: no percent, no backslash, no segment
/// that begins with a dot.
enum PlainTarget {
    static func isPlain(_ target: ByteBufferView) -> Bool {
        guard target.starts(with: start) else { return false }
        var last = UInt8(ascii: "/")
        for byte in target.dropFirst(start.count) {
            switch byte {
            case UInt8(ascii: "?"): return true
            case UInt8(ascii: "."): if last == UInt8(ascii: "/") { return false }
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "/"), UInt8(ascii: "_"), UInt8(ascii: "-"): break
            default: return false
            }
            last = byte
        }
        return true
    }

    private static let start = Array("/v1/".utf8)
}
