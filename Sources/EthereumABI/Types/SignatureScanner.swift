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
            } else if name == "function", try functionType(depth: depth + 1) {
                type = .function
            } else if let members = structs[name] {
                type = .tuple(members)
            } else if let elementary = try ABIType.elementary(name) {
                type = elementary
                if type == .address { skipPayable() }
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

    /// ` payable` behind `address`, which is the same to the ABI.
    private mutating func skipPayable() {
        let end = position
        skipSpaces()
        if keyword("payable") == nil { position = end }
    }

    /// `(types) external view returns (types)` behind `function`, which is one type to the ABI whatever it says; false when
    /// there is nothing of it.
    private mutating func functionType(depth: Int) throws(ABIError) -> Bool {
        let end = position
        skipSpaces()
        guard next == UInt8(ascii: "(") else {
            position = end
            return false
        }
        _ = try parameters(depth: depth, allowIndexed: false)
        skipSpaces()
        var isExternal = false
        while let word = keyword("external", "internal", "pure", "view", "payable") {
            guard word != "internal" else {
                throw ABIError(.invalidType, "an internal function is no type of the ABI; only an external one is")
            }
            isExternal = isExternal || word == "external"
        }
        guard isExternal else { throw failure("expected 'external' behind a function type") }
        if keyword("returns") != nil { _ = try parameters(depth: depth, allowIndexed: false) }
        return true
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
        var names: Set<String> = []
        if take(")") { return list }
        while true {
            let parameter = try parameter(depth: depth, allowIndexed: allowIndexed)
            guard parameter.name.isEmpty || names.insert(parameter.name).inserted else {
                throw ABIError(.invalidSignature, "two parameters are named \(parameter.name)")
            }
            list.append(parameter)
            if take(")") { return list }
            guard take(",") else { throw failure("expected ',' or ')'") }
            skipSpaces()
        }
    }

    /// `type [indexed|memory|calldata|storage] [name]` and the spaces after it. Only what has no fixed size has a location.
    mutating func parameter(depth: Int, allowIndexed: Bool) throws(ABIError) -> ABIParameter {
        var parameter = ABIParameter(type: try type(depth: depth))
        skipSpaces()
        if allowIndexed, keyword("indexed") != nil { parameter.isIndexed = true }
        if parameter.type.hasLocation { _ = keyword("memory", "calldata", "storage") }
        let start = position
        parameter.name = identifier() ?? ""
        guard !SignatureScanner.isKeyword(parameter.name) else {
            position = start
            throw failure("'\(parameter.name)' is a word of Solidity and no name,")
        }
        skipSpaces()
        return parameter
    }
}

extension SignatureScanner {
    /// The keywords of Solidity that a signature or the code around it gives a meaning to.
    private static let keywords: Set<String> = [
        "abstract", "anonymous", "as", "assembly", "break", "calldata", "catch", "constant", "constructor", "continue",
        "contract", "delete", "do", "else", "emit", "enum", "event", "external", "false", "for", "hex", "if",
        "immutable",
        "import", "indexed", "interface", "internal", "is", "library", "mapping", "memory", "modifier", "new",
        "override",
        "payable", "pragma", "private", "public", "pure", "return", "returns", "storage", "struct", "throw", "true",
        "try",
        "type", "unchecked", "using", "var", "view", "virtual", "while",
    ]

    /// Whether a word cannot be the name of a parameter. JSON ABIs of other languages may have such names.
    static func isKeyword(_ word: String) -> Bool {
        keywords.contains(word) || ((try? ABIType.elementary(word)) ?? nil) != nil
    }
}

extension ABIType {
    /// Whether Solidity keeps it in memory, call data or storage, and says which.
    fileprivate var hasLocation: Bool {
        switch self {
        case .bytes, .string, .array, .fixedArray, .tuple: true
        default: false
        }
    }

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
