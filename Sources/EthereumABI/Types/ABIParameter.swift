/// A type with a name: a parameter of a function, event, error or constructor, or a member of a tuple.
public struct ABIParameter: Hashable, Sendable {
    /// The name; empty when there is none.
    public var name: String
    /// The type.
    public var type: ABIType
    /// The source language's own name of the type (`struct Vault.Order[]`), as compilers note it in a JSON ABI.
    public var internalType: String?
    /// Whether an event puts it into a topic; false everywhere else.
    public var isIndexed: Bool

    /// Creates a parameter.
    public init(_ name: String = "", type: ABIType, internalType: String? = nil, isIndexed: Bool = false) {
        self.name = name
        self.type = type
        self.internalType = internalType
        self.isIndexed = isIndexed
    }

    /// Parses a list such as `(uint256 amount, (bytes32,string)[] notes)`; the parentheses belong to it.
    ///
    /// - Throws: ``ABIError`` with code `invalidSignature` or `invalidType`.
    public static func list(parsing text: String) throws(ABIError) -> [ABIParameter] {
        var scanner = SignatureScanner(text)
        scanner.skipSpaces()
        let parameters = try scanner.parameters(depth: 0, allowIndexed: false)
        try scanner.expectEnd()
        return parameters
    }
}

extension ABIParameter: CustomStringConvertible {
    /// `type name`, with `indexed` between them where it applies, and without a name that Solidity would not take for one.
    public var description: String {
        let isNamed = !name.isEmpty && !SignatureScanner.isKeyword(name)
        return type.named + (isIndexed ? " indexed" : "") + (isNamed ? " " + escapedForPeople(name) : "")
    }
}

extension ABIType {
    /// The type with the names of its members, as human-readable signatures write it.
    var named: String {
        switch self {
        case .array(let element): return element.named + "[]"
        case .fixedArray(let element, let count): return element.named + "[\(count)]"
        case .tuple(let members): return "(" + members.map(\.description).joined(separator: ", ") + ")"
        default: return canonical
        }
    }
}

extension [ABIParameter] {
    /// The place of parameter `index` in an error: its name, or `[index]`.
    func place(_ index: Int) -> String {
        self[index].name.isEmpty ? "[\(index)]" : escapedForPeople(self[index].name)
    }
}
