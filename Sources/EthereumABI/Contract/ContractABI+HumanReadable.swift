extension ContractABI {
    /// Reads Solidity declarations, one a line: `struct`, `constructor`, `function`, `event`, `error`, `fallback()`,
    /// `receive()`. A struct must stand above the lines that use it; empty lines are skipped.
    ///
    /// - Throws: ``ABIError`` whose path is the line.
    public init(humanReadable lines: [String]) throws(ABIError) {
        var reader = DeclarationReader()
        for (index, line) in lines.enumerated() {
            do { try reader.read(line) } catch { throw error.within("line \(index + 1)") }
        }
        try self.init(
            functions: reader.functions, events: reader.events, errors: reader.errors, constructor: reader.constructor,
            fallback: reader.fallback, hasReceive: reader.hasReceive)
    }

    /// The declarations, one a line, with tuples instead of structs.
    public var humanReadable: [String] {
        var lines: [String] = []
        if let constructor { lines.append(constructor.description) }
        lines += functions.map(\.description)
        lines += events.map(\.description)
        lines += errors.map(\.description)
        if let fallback {
            lines.append("fallback() external" + (fallback.stateMutability == .payable ? " payable" : ""))
        }
        if hasReceive { lines.append("receive() external payable") }
        return lines
    }
}

/// Collects declarations and the structs that they use.
private struct DeclarationReader {
    var functions: [ABIFunction] = []
    var events: [ABIEvent] = []
    var errors: [ABIErrorDefinition] = []
    var constructor: ABIConstructor?
    var fallback: ContractABI.Fallback?
    var hasReceive = false
    private var structs: [String: [ABIParameter]] = [:]

    /// Most types inside one struct: structs of structs double with each line, and real ones are small.
    private static let maximumStructSize = 4_096

    mutating func read(_ line: String) throws(ABIError) {
        var scanner = SignatureScanner(line, structs: structs)
        scanner.skipSpaces()
        if scanner.isAtEnd { return }
        let start = scanner
        let word = scanner.identifier()
        let body = scanner
        scanner = start
        switch word {
        case "function": functions.append(try ABIFunction(&scanner))
        case "event": events.append(try ABIEvent(&scanner))
        case "error": errors.append(try ABIErrorDefinition(&scanner))
        case "constructor":
            guard constructor == nil else { throw scanner.failure("a second constructor") }
            constructor = try ABIConstructor(&scanner)
        case "fallback":
            guard fallback == nil else { throw scanner.failure("a second fallback") }
            scanner = body
            fallback = ContractABI.Fallback(stateMutability: try scanner.special())
        case "receive":
            guard !hasReceive else { throw scanner.failure("a second receive") }
            scanner = body
            _ = try scanner.special()
            hasReceive = true
        case "struct":
            scanner = body
            let (name, members) = try scanner.structDeclaration()
            var room = DeclarationReader.maximumStructSize
            ABIType.tuple(members).measure(against: &room)
            guard room >= 0 else { throw ABIError(.limitExceeded, "the struct \(name) is too large") }
            guard structs.updateValue(members, forKey: name) == nil else {
                throw scanner.failure("a second struct \(name)")
            }
        default:
            throw scanner.failure("expected struct, constructor, function, event, error, fallback or receive")
        }
    }
}

extension SignatureScanner {
    /// `() external [payable]` behind `fallback` or `receive`; a fallback may take and return bytes.
    fileprivate mutating func special() throws(ABIError) -> ABIStateMutability {
        _ = try parameters(depth: 0, allowIndexed: false)
        let mutability = try mutability()
        if keyword("returns") != nil { _ = try parameters(depth: 0, allowIndexed: false) }
        try finish()
        return mutability
    }

    /// ` Name { type name; ... }` behind `struct`.
    fileprivate mutating func structDeclaration() throws(ABIError) -> (name: String, members: [ABIParameter]) {
        skipSpaces()
        let name = try name()
        guard try ABIType.elementary(name) == nil, name != "tuple" else {
            throw failure("\(name) is a type of its own")
        }
        try expect("{")
        skipSpaces()
        var members: [ABIParameter] = []
        while !take("}") {
            let member = try parameter(depth: 1, allowIndexed: false)
            guard !members.contains(where: { $0.name == member.name && !member.name.isEmpty }) else {
                throw ABIError(.invalidSignature, "two members of \(name) are named \(member.name)")
            }
            members.append(member)
            try expect(";")
            skipSpaces()
        }
        try finish()
        return (name, members)
    }
}

extension ABIType {
    /// Takes one from `room` for every type in this one, and stops below zero.
    fileprivate func measure(against room: inout Int) {
        room -= 1
        switch self {
        case .array(let element), .fixedArray(let element, _): element.measure(against: &room)
        case .tuple(let members):
            for member in members where room >= 0 { member.type.measure(against: &room) }
        default: break
        }
    }
}
