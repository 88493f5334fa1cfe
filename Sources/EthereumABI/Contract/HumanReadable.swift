/// Human-readable signatures: Solidity's own declarations, without bodies.
extension SignatureScanner {
    /// `visibility` and other words that say nothing about the interface.
    private static let ignoredWords: Set<String> = ["external", "public", "internal", "private", "virtual", "override"]

    static func checkIdentifier(_ name: String) throws(ABIError) {
        var scanner = SignatureScanner(name)
        guard scanner.identifier() != nil, scanner.isAtEnd else {
            throw ABIError(.invalidSignature, "'\(escapedForPeople(String(name.prefix(64))))' is not a name")
        }
    }

    /// An optional leading word such as `function`, only when a name follows it. Returns whether it was there.
    @discardableResult
    mutating func leading(_ word: String) -> Bool {
        let start = self
        skipSpaces()
        guard identifier() == word, next == 0x20 || next == 0x09 else {
            self = start
            skipSpaces()
            return false
        }
        skipSpaces()
        return true
    }

    /// The name of a function, which is none of the words that begin another declaration.
    mutating func functionName(isMarked: Bool) throws(ABIError) -> String {
        let name = try name()
        switch name {
        case "constructor":
            throw ABIError(
                .invalidSignature, "a constructor has no selector: only its arguments are encoded, behind the bytecode")
        case "fallback" where !isMarked, "receive" where !isMarked:
            throw ABIError(
                .invalidSignature,
                "\(name)() has neither a selector nor arguments; a function of that name is written: function \(name)(...)"
            )
        case "function", "event", "struct":
            throw ABIError(.invalidSignature, "'\(name)' is a word of Solidity and names no function; give it a name")
        default: return name
        }
    }

    mutating func name() throws(ABIError) -> String {
        guard let name = identifier() else { throw failure("expected a name") }
        skipSpaces()
        return name
    }

    /// Mutability and ignored words, in any order.
    mutating func mutability() throws(ABIError) -> ABIStateMutability {
        var found: ABIStateMutability?
        while true {
            skipSpaces()
            let start = self
            guard let word = identifier() else { return found ?? .nonpayable }
            if SignatureScanner.ignoredWords.contains(word) {
                if word == "override" { try baseContracts() }
                continue
            }
            let mutability = word == "constant" ? .view : ABIStateMutability(rawValue: word)
            guard let mutability else {
                self = start
                return found ?? .nonpayable
            }
            guard found == nil else { throw failure("a second state mutability") }
            found = mutability
        }
    }

    /// ` (IERC20, Base.Token)` behind `override`, if it is there: names that say nothing about the interface.
    private mutating func baseContracts() throws(ABIError) {
        skipSpaces()
        guard take("(") else { return }
        repeat {
            repeat {
                skipSpaces()
                _ = try name()
            } while take(".")
        } while take(",")
        try expect(")")
    }

    /// An optional semicolon and nothing else.
    mutating func finish() throws(ABIError) {
        skipSpaces()
        _ = take(";")
        try expectEnd()
    }
}

extension ABIFunction {
    init(_ scanner: inout SignatureScanner) throws(ABIError) {
        let isMarked = scanner.leading("function")
        let name = try scanner.functionName(isMarked: isMarked)
        let inputs = try scanner.parameters(depth: 0, allowIndexed: false)
        let mutability = try scanner.mutability()
        var outputs: [ABIParameter] = []
        if scanner.keyword("returns") != nil {
            outputs = try scanner.parameters(depth: 0, allowIndexed: false)
        }
        try scanner.finish()
        try self.init(name: name, inputs: inputs, outputs: outputs, stateMutability: mutability)
    }
}

extension ABIConstructor {
    init(_ scanner: inout SignatureScanner) throws(ABIError) {
        scanner.skipSpaces()
        guard scanner.keyword("constructor") != nil else { throw scanner.failure("expected 'constructor'") }
        let inputs = try scanner.parameters(depth: 0, allowIndexed: false)
        let mutability = try scanner.mutability()
        try scanner.finish()
        try self.init(inputs: inputs, stateMutability: mutability)
    }
}

extension ABIErrorDefinition {
    init(_ scanner: inout SignatureScanner) throws(ABIError) {
        scanner.leading("error")
        let name = try scanner.name()
        let inputs = try scanner.parameters(depth: 0, allowIndexed: false)
        try scanner.finish()
        try self.init(name: name, inputs: inputs)
    }
}

extension ABIEvent {
    init(_ scanner: inout SignatureScanner) throws(ABIError) {
        scanner.leading("event")
        let name = try scanner.name()
        let inputs = try scanner.parameters(depth: 0, allowIndexed: true)
        scanner.skipSpaces()
        let isAnonymous = scanner.keyword("anonymous") != nil
        try scanner.finish()
        try self.init(name: name, inputs: inputs, isAnonymous: isAnonymous)
    }
}
