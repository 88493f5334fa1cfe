/// Reads types and human-readable signatures from left to right, with one position for error messages.
struct SignatureScanner {
    /// Longest signature that is read; real ones have a few hundred characters.
    static let maximumLength = 65_536

    private let text: [UInt8]
    private(set) var position = 0
    /// Structs that a contract's `struct` lines have named so far.
    private let structs: [String: [ABIParameter]]

    init(_ text: String, structs: [String: [ABIParameter]] = [:]) {
        self.text = Array(text.utf8.prefix(SignatureScanner.maximumLength + 1))
        self.structs = structs
    }

    var isAtEnd: Bool { position == text.count }
    var next: UInt8? { position < text.count ? text[position] : nil }

    mutating func skipSpaces() {
        while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    mutating func expect(_ character: Unicode.Scalar) throws(ABIError) {
        guard take(character) else { throw failure("expected '\(character)'") }
    }

    mutating func expectEnd() throws(ABIError) {
        skipSpaces()
        guard isAtEnd else { throw failure("unexpected text") }
    }

    func failure(_ reason: String) -> ABIError {
        if text.count > SignatureScanner.maximumLength {
            return ABIError(.invalidSignature, "the signature is longer than \(SignatureScanner.maximumLength) bytes")
        }
        let place = isAtEnd ? "at the end" : "at character \(position + 1)"
        return ABIError(.invalidSignature, "\(reason) \(place) of the signature")
    }

    /// A Solidity identifier, or nil when there is none here.
    mutating func identifier() -> String? {
        let start = position
        while let byte = next, SignatureScanner.isIdentifier(byte, first: position == start) { position += 1 }
        guard position > start else { return nil }
        return String(decoding: text[start..<position], as: UTF8.self)
    }

    /// An identifier that is only consumed when it is one of `words`.
    mutating func keyword(_ words: String...) -> String? {
        let start = position
        if let word = identifier(), words.contains(word) {
            skipSpaces()
            return word
        }
        position = start
        return nil
    }

    static func isIdentifier(_ byte: UInt8, first: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
            UInt8(ascii: "$"):
            return true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return !first
        default: return false
        }
    }

    // MARK: types

    /// One type; `depth` counts the tuples and arrays around it.
    mutating func type(depth: Int) throws(ABIError) -> ABIType {
        guard depth <= ABIType.maximumDepth, text.count <= SignatureScanner.maximumLength else {
            throw text.count <= SignatureScanner.maximumLength ? SignatureScanner.tooDeep : failure("")
        }
        var type: ABIType
        if next == UInt8(ascii: "(") {
            type = .tuple(try parameters(depth: depth + 1, allowIndexed: false))
        } else {
            let start = position
            guard let name = identifier() else { throw failure("expected a type") }
            if name == "tuple", next == UInt8(ascii: "(") {
                type = .tuple(try parameters(depth: depth + 1, allowIndexed: false))
            } else if let members = structs[name] {
                type = .tuple(members)
            } else if let elementary = try ABIType.elementary(name) {
                type = elementary
            } else {
                position = start
                throw ABIError(
                    .invalidType, "'\(name.prefix(64))' is not an ABI type (character \(start + 1) of the signature)")
            }
        }
        var suffixes = 0
        while take("[") {
            suffixes += 1
            guard depth + suffixes <= ABIType.maximumDepth else { throw SignatureScanner.tooDeep }
            type = take("]") ? .array(type) : .fixedArray(type, count: try arrayLength())
        }
        return type
    }

    static let tooDeep = ABIError(.invalidType, "types nest at most \(ABIType.maximumDepth) deep")

    private mutating func arrayLength() throws(ABIError) -> Int {
        let start = position
        while let byte = next, byte >= 0x30, byte <= 0x39 { position += 1 }
        let digits = text[start..<position]
        guard !digits.isEmpty, digits.count == 1 || digits.first != 0x30,
            let count = Int(String(decoding: digits, as: UTF8.self))
        else {
            position = start
            throw failure("expected an array length")
        }
        try expect("]")
        return count
    }

    // MARK: parameters

    /// `(type name, ...)` with the parentheses.
    mutating func parameters(depth: Int, allowIndexed: Bool) throws(ABIError) -> [ABIParameter] {
        try expect("(")
        skipSpaces()
        var list: [ABIParameter] = []
        if take(")") { return list }
        while true {
            list.append(try parameter(depth: depth, allowIndexed: allowIndexed))
            if take(")") { return list }
            guard take(",") else { throw failure("expected ',' or ')'") }
            skipSpaces()
        }
    }

    /// `type [indexed|memory|calldata|storage] [name]` and the spaces after it.
    mutating func parameter(depth: Int, allowIndexed: Bool) throws(ABIError) -> ABIParameter {
        var parameter = ABIParameter(type: try type(depth: depth))
        skipSpaces()
        if parameter.type == .address { _ = keyword("payable") }
        if allowIndexed, keyword("indexed") != nil { parameter.isIndexed = true }
        _ = keyword("memory", "calldata", "storage")
        parameter.name = identifier() ?? ""
        skipSpaces()
        return parameter
    }
}

extension ABIType {
    /// The elementary type of a name, aliases included; nil when the name is none, an error when its width is wrong.
    static func elementary(_ name: String) throws(ABIError) -> ABIType? {
        switch name {
        case "address": return .address
        case "bool": return .bool
        case "bytes": return .bytes
        case "byte": return .fixedBytes(count: 1)
        case "string": return .string
        case "function": return .function
        case "uint": return .uint(bits: 256)
        case "int": return .int(bits: 256)
        case "fixed": return .fixed(bits: 128, decimals: 18)
        case "ufixed": return .ufixed(bits: 128, decimals: 18)
        default: break
        }
        let type: ABIType
        if let bits = number(after: "uint", in: name) {
            type = .uint(bits: bits)
        } else if let bits = number(after: "int", in: name) {
            type = .int(bits: bits)
        } else if let count = number(after: "bytes", in: name) {
            type = .fixedBytes(count: count)
        } else if let (bits, decimals) = fixedPoint(after: "ufixed", in: name) {
            type = .ufixed(bits: bits, decimals: decimals)
        } else if let (bits, decimals) = fixedPoint(after: "fixed", in: name) {
            type = .fixed(bits: bits, decimals: decimals)
        } else {
            return nil
        }
        try type.checkWidths()
        return type
    }

    private static func number(after prefix: String, in name: String) -> Int? {
        name.hasPrefix(prefix) ? number(name.dropFirst(prefix.count)) : nil
    }

    /// Up to three digits without a leading zero.
    private static func number(_ digits: Substring) -> Int? {
        guard (1...3).contains(digits.utf8.count), digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
            digits.utf8.count == 1 || digits.utf8.first != 0x30
        else { return nil }
        return Int(digits)
    }

    private static func fixedPoint(after prefix: String, in name: String) -> (bits: Int, decimals: Int)? {
        guard name.hasPrefix(prefix) else { return nil }
        let halves = name.dropFirst(prefix.count).split(separator: "x", omittingEmptySubsequences: false)
        guard halves.count == 2, let bits = number(halves[0]), let decimals = number(halves[1]) else { return nil }
        return (bits, decimals)
    }
}
