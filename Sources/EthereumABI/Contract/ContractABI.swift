public import EthereumCore

/// Everything a contract offers: its functions, events and errors, looked up by name, signature, selector or topic.
public struct ContractABI: Hashable, Sendable {
    /// What a contract does with calls that match no function.
    public struct Fallback: Hashable, Sendable {
        /// `payable` or `nonpayable`.
        public let stateMutability: ABIStateMutability

        /// Creates a description.
        public init(stateMutability: ABIStateMutability) { self.stateMutability = stateMutability }
    }

    /// The functions in the order of their description; overloads have the same name.
    public let functions: [ABIFunction]
    /// The events in the order of their description.
    public let events: [ABIEvent]
    /// The custom errors in the order of their description.
    public let errors: [ABIErrorDefinition]
    /// The constructor; nil means one without arguments.
    public let constructor: ABIConstructor?
    /// The fallback function, where there is one.
    public let fallback: Fallback?
    /// Whether the contract takes plain transfers (`receive() external payable`).
    public let hasReceive: Bool

    /// Creates a description.
    ///
    /// Merged descriptions (a proxy's and its implementation's) repeat functions and errors, at most under other names of
    /// parameters: of those the first one counts, in every look-up.
    ///
    /// - Throws: ``ABIError`` with code `invalidDescription` when two different functions or errors share a selector, or
    ///   one function has two kinds of results.
    public init(
        functions: [ABIFunction] = [], events: [ABIEvent] = [], errors: [ABIErrorDefinition] = [],
        constructor: ABIConstructor? = nil, fallback: Fallback? = nil, hasReceive: Bool = false
    ) throws(ABIError) {
        var functionsBySelector: [ABISelector: ABIFunction] = [:]
        for function in functions {
            guard let other = functionsBySelector[function.selector] else {
                functionsBySelector[function.selector] = function
                continue
            }
            guard other.signature == function.signature else {
                throw ABIError(
                    .invalidDescription,
                    "\(other.signature) and \(function.signature) share the selector \(function.selector)")
            }
            guard other.output.canonical == function.output.canonical else {
                throw ABIError(.invalidDescription, "\(function.signature) is described twice, with different results")
            }
        }
        var errorsBySelector: [ABISelector: ABIErrorDefinition] = [:]
        for error in errors {
            guard let other = errorsBySelector[error.selector] else {
                errorsBySelector[error.selector] = error
                continue
            }
            guard other.signature == error.signature else {
                throw ABIError(
                    .invalidDescription,
                    "\(other.signature) and \(error.signature) share the selector \(error.selector)")
            }
        }
        self.functions = functions
        self.events = events
        self.errors = errors
        self.constructor = constructor
        self.fallback = fallback
        self.hasReceive = hasReceive
        self.functionsBySelector = functionsBySelector
        self.errorsBySelector = errorsBySelector
    }

    private let functionsBySelector: [ABISelector: ABIFunction]
    private let errorsBySelector: [ABISelector: ABIErrorDefinition]

    // MARK: look-ups

    /// The function of a name, or of a signature (`transfer(address,uint256)`) where the name is overloaded.
    ///
    /// - Throws: ``ABIError`` with code `notFound` or `ambiguous`; the message lists the overloads.
    public func function(_ nameOrSignature: String) throws(ABIError) -> ABIFunction {
        try ContractABI.find(nameOrSignature, in: functions, kind: "function", name: \.name, signature: \.signature)
    }

    /// The function of a selector.
    public func function(selector: ABISelector) -> ABIFunction? { functionsBySelector[selector] }

    /// The event of a name, or of a signature where the name is overloaded.
    ///
    /// - Throws: ``ABIError`` with code `notFound` or `ambiguous`.
    public func event(_ nameOrSignature: String) throws(ABIError) -> ABIEvent {
        try ContractABI.find(nameOrSignature, in: events, kind: "event", name: \.name, signature: \.signature)
    }

    /// The event that a log with these topics belongs to; anonymous events are never guessed.
    public func event(topics: [Bytes32]) -> ABIEvent? { events.first { !$0.isAnonymous && $0.matches(topics: topics) } }

    /// The error of a name, or of a signature where the name is overloaded.
    ///
    /// - Throws: ``ABIError`` with code `notFound` or `ambiguous`.
    public func error(_ nameOrSignature: String) throws(ABIError) -> ABIErrorDefinition {
        try ContractABI.find(nameOrSignature, in: errors, kind: "error", name: \.name, signature: \.signature)
    }

    /// The error of a selector.
    public func error(selector: ABISelector) -> ABIErrorDefinition? { errorsBySelector[selector] }

    /// The function and arguments of a call.
    ///
    /// - Throws: ``ABIError``; code `notFound` for a selector that the contract does not have.
    public func decodeCall(_ data: [UInt8]) throws(ABIError) -> (function: ABIFunction, arguments: [ABIValue]) {
        guard let selector = ABISelector(prefixOf: data), let function = function(selector: selector) else {
            throw ABIError(.notFound, "the data is not a call of any function of this contract")
        }
        return (function, try function.decodeCall(data))
    }

    private static func find<T>(
        _ text: String, in list: [T], kind: String, name: KeyPath<T, String>, signature: KeyPath<T, String>
    ) throws(ABIError) -> T {
        let isSignature = text.utf8.contains(UInt8(ascii: "("))
        let wanted = isSignature ? try canonicalSignature(text) : text
        let found = list.filter { $0[keyPath: isSignature ? signature : name] == wanted }
        guard let first = found.first else {
            throw ABIError(.notFound, "the contract has no \(kind) \(escapedForPeople(text))")
        }
        guard found.allSatisfy({ $0[keyPath: signature] == first[keyPath: signature] }) else {
            let overloads = found.map { $0[keyPath: signature] }.joined(separator: ", ")
            throw ABIError(.ambiguous, "\(escapedForPeople(text)) is overloaded: \(overloads)")
        }
        return first
    }

    /// The canonical form of a signature that may hold names, aliases and spaces.
    private static func canonicalSignature(_ text: String) throws(ABIError) -> String {
        var scanner = SignatureScanner(text)
        scanner.skipSpaces()
        let name = try scanner.name()
        let parameters = try scanner.parameters(depth: 0, allowIndexed: true)
        try scanner.expectEnd()
        return name + ABIType.canonical(parameters)
    }
}
