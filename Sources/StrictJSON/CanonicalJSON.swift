extension JSON {
    /// The canonical UTF-8 text of the value: the JSON Canonicalization Scheme (RFC 8785).
    ///
    /// Members are sorted by the UTF-16 code units of their keys, strings have the shortest escapes, and numbers are
    /// written as ECMAScript writes the nearest double.
    ///
    /// - Returns: nil where a number is beyond the range of doubles, for which the scheme has no form.
    public func canonical() -> [UInt8]? {
        var output: [UInt8] = []
        return writeCanonical(into: &output) ? output : nil
    }

    private func writeCanonical(into output: inout [UInt8]) -> Bool {
        switch self {
        case .null, .bool: write(into: &output)
        case .string(let text): CanonicalText.write(text, into: &output)
        case .number(let number):
            guard let value = number.double else { return false }
            output.append(contentsOf: CanonicalText.number(value).utf8)
        case .array(let values):
            output.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                guard value.writeCanonical(into: &output) else { return false }
            }
            output.append(UInt8(ascii: "]"))
        case .object(let members):
            output.append(UInt8(ascii: "{"))
            let sorted = members.sorted { $0.key.utf16.lexicographicallyPrecedes($1.key.utf16) }
            for (index, member) in sorted.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                CanonicalText.write(member.key, into: &output)
                output.append(UInt8(ascii: ":"))
                guard member.value.writeCanonical(into: &output) else { return false }
            }
            output.append(UInt8(ascii: "}"))
        }
        return true
    }
}

/// Strings and numbers as RFC 8785 writes them.
enum CanonicalText {
    /// A string in quotes (section 3.2.2.2).
    static func write(_ text: String, into output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): output += [UInt8(ascii: "\\"), byte]
            case 0x08: output.append(contentsOf: "\\b".utf8)
            case 0x09: output.append(contentsOf: "\\t".utf8)
            case 0x0a: output.append(contentsOf: "\\n".utf8)
            case 0x0c: output.append(contentsOf: "\\f".utf8)
            case 0x0d: output.append(contentsOf: "\\r".utf8)
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                output.append(contentsOf: ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }

    /// A finite number (section 3.2.2.3; ECMAScript, Number::toString).
    static func number(_ value: Double) -> String {
        if value == 0 { return "0" }
        let (digits, point) = decimal(value.magnitude)
        let sign = value < 0 ? "-" : ""
        let count = digits.count
        switch point {
        case count...21 where count <= 21: return sign + digits + String(repeating: "0", count: point - count)
        case 1...21:
            let whole = digits.index(digits.startIndex, offsetBy: point)
            return sign + digits[..<whole] + "." + digits[whole...]
        case -5...0: return sign + "0." + String(repeating: "0", count: -point) + digits
        default:
            let exponent = point - 1
            let fraction = count > 1 ? "." + digits.dropFirst() : ""
            return sign + digits.prefix(1) + fraction + "e" + (exponent < 0 ? "-" : "+") + "\(exponent.magnitude)"
        }
    }

    /// The shortest digits that read back as the value, without zeros around them, and where the decimal point stands
    /// counted from their start.
    private static func decimal(_ value: Double) -> (digits: String, point: Int) {
        let parts = value.description.split(separator: "e")
        let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let exponent = parts.count == 2 ? Int(parts[1]) ?? 0 : 0
        let all = mantissa.joined()
        let leading = all.prefix { $0 == "0" }.count
        let significant = all.dropFirst(leading)
        let digits = String(significant.reversed().drop { $0 == "0" }.reversed())
        return (digits, mantissa[0].count + exponent - leading)
    }
}
