import OrakeyAPI

/// A request target taken apart: an absolute path and query parameters, each at most once.
struct Target {
    let path: String
    let query: [String: String]

    static func parse(_ uri: String) -> Result<Target, Refusal> {
        let parts = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let rawPath = parts.first, rawPath.hasPrefix("/"), let path = decode(rawPath) else {
            return .failure(Refusal(.badRequest, "the request target is not an absolute path"))
        }
        var query: [String: String] = [:]
        if parts.count == 2, !parts[1].isEmpty {
            for pair in parts[1].split(separator: "&", omittingEmptySubsequences: false) {
                let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard let name = decode(halves[0]), !name.isEmpty,
                    let value = decode(halves.count == 2 ? halves[1] : ""),
                    query.updateValue(value, forKey: name) == nil
                else { return .failure(Refusal(.badRequest, "the query is malformed, or names a parameter twice")) }
            }
        }
        return .success(Target(path: path, query: query))
    }

    /// Percent decoding; nil for a bad escape, a control character or bad UTF-8.
    private static func decode(_ text: Substring) -> String? {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                return nil
            }
            let value = high << 4 | low
            guard value >= 0x20, value != 0x7F else { return nil }
            bytes.append(value)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
