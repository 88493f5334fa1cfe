public import StrictJSON

extension ContractABI {
    /// Reads a JSON ABI: an array of descriptions, or a compiler's artifact that holds one under `abi`.
    ///
    /// Standard: Contract ABI Specification, "JSON". Unknown fields are ignored, since compilers add their own; known
    /// fields with a wrong type are errors. The fields `constant` and `payable` of old compilers are understood.
    ///
    /// - Throws: ``ABIError`` with code `invalidDescription` and a path such as `[3].inputs[0].type`.
    public init(json: JSON) throws(ABIError) {
        let list: JSON = json["abi"] ?? json
        guard case .array(let items) = list else {
            throw ABIError(.invalidDescription, "a JSON ABI is an array of descriptions, not \(list.kindName)")
        }
        var functions: [ABIFunction] = []
        var events: [ABIEvent] = []
        var errors: [ABIErrorDefinition] = []
        var constructor: ABIConstructor?
        var fallback: Fallback?
        var hasReceive = false
        for (index, json) in items.enumerated() {
            do throws(ABIError) {
                let item = try DescriptionReader(json)
                let kind = try item.string("type")
                switch kind ?? "function" {
                case "function": functions.append(try ABIFunction(item))
                case "event": events.append(try ABIEvent(item))
                case "error": errors.append(try ABIErrorDefinition(item))
                case "constructor":
                    guard constructor == nil else { throw item.invalid("type", "a second constructor") }
                    constructor = try ABIConstructor(item)
                case "fallback":
                    guard fallback == nil else { throw item.invalid("type", "a second fallback") }
                    fallback = Fallback(stateMutability: try item.stateMutability())
                case "receive":
                    guard !hasReceive else { throw item.invalid("type", "a second receive") }
                    hasReceive = true
                default: throw item.invalid("type", "expected function, constructor, receive, fallback, event or error")
                }
            } catch { throw error.within("[\(index)]") }
        }
        try self.init(
            functions: functions, events: events, errors: errors, constructor: constructor, fallback: fallback,
            hasReceive: hasReceive)
    }

    /// Reads the text of a JSON ABI.
    ///
    /// - Throws: ``ABIError`` with code `invalidDescription`; malformed JSON is reported with line and column.
    public init(jsonText bytes: [UInt8]) throws(ABIError) {
        let json: JSON
        do { json = try JSON.parse(bytes) } catch { throw ABIError(.invalidDescription, error.description) }
        try self.init(json: json)
    }

    /// The JSON ABI, with all fields of the specification.
    public var json: JSON {
        var items: [JSON] = []
        if let constructor {
            items.append([
                "type": "constructor", "inputs": .array(constructor.inputs.map { $0.json(isEvent: false) }),
                "stateMutability": .string(constructor.stateMutability.rawValue),
            ])
        }
        for error in errors {
            items.append([
                "type": "error", "name": .string(error.name),
                "inputs": .array(error.inputs.map { $0.json(isEvent: false) }),
            ])
        }
        for event in events {
            items.append([
                "type": "event", "name": .string(event.name),
                "inputs": .array(event.inputs.map { $0.json(isEvent: true) }),
                "anonymous": .bool(event.isAnonymous),
            ])
        }
        for function in functions {
            items.append([
                "type": "function", "name": .string(function.name),
                "inputs": .array(function.inputs.map { $0.json(isEvent: false) }),
                "outputs": .array(function.outputs.map { $0.json(isEvent: false) }),
                "stateMutability": .string(function.stateMutability.rawValue),
            ])
        }
        if let fallback {
            items.append(["type": "fallback", "stateMutability": .string(fallback.stateMutability.rawValue)])
        }
        if hasReceive { items.append(["type": "receive", "stateMutability": "payable"]) }
        return .array(items)
    }
}

/// One object of a JSON ABI.
private struct DescriptionReader {
    let object: JSONObject

    init(_ json: JSON) throws(ABIError) {
        guard case .object(let object) = json else {
            throw ABIError(.invalidDescription, "expected an object, found \(json.kindName)")
        }
        self.object = object
    }

    func invalid(_ key: String, _ reason: String) -> ABIError {
        ABIError(.invalidDescription, path: key, reason)
    }

    func string(_ key: String) throws(ABIError) -> String? {
        switch object[key] {
        case nil, .null?: return nil
        case .string(let text)?: return text
        case let other?: throw invalid(key, "expected a string, found \(other.kindName)")
        }
    }

    func bool(_ key: String) throws(ABIError) -> Bool? {
        switch object[key] {
        case nil, .null?: return nil
        case .bool(let flag)?: return flag
        case let other?: throw invalid(key, "expected a boolean, found \(other.kindName)")
        }
    }

    func name() throws(ABIError) -> String {
        guard let name = try string("name") else { throw invalid("name", "a name is required") }
        do { try SignatureScanner.checkIdentifier(name) } catch { throw invalid("name", error.reason) }
        return name
    }

    func stateMutability() throws(ABIError) -> ABIStateMutability {
        if let text = try string("stateMutability") {
            guard let mutability = ABIStateMutability(rawValue: text) else {
                throw invalid("stateMutability", "expected pure, view, nonpayable or payable")
            }
            return mutability
        }
        // Before Solidity 0.5 there were two booleans instead.
        if try bool("constant") == true { return .view }
        return try bool("payable") == true ? .payable : .nonpayable
    }

    func parameters(_ key: String, isEvent: Bool = false, depth: Int = 0) throws(ABIError) -> [ABIParameter] {
        guard depth <= ABIType.maximumDepth else { throw SignatureScanner.tooDeep }
        switch object[key] {
        case nil, .null?: return []
        case .array(let list)?:
            var parameters: [ABIParameter] = []
            for (index, json) in list.enumerated() {
                do {
                    parameters.append(try DescriptionReader(json).parameter(isEvent: isEvent, depth: depth))
                } catch { throw error.within("\(key)[\(index)]") }
            }
            return parameters
        case let other?: throw invalid(key, "expected an array, found \(other.kindName)")
        }
    }

    private func parameter(isEvent: Bool, depth: Int) throws(ABIError) -> ABIParameter {
        guard let text = try string("type") else { throw invalid("type", "a type is required") }
        let type: ABIType
        if text == "tuple" || text.hasPrefix("tuple[") {
            guard object["components"] != nil else { throw invalid("components", "a tuple needs its components") }
            let members = try parameters("components", depth: depth + 1)
            var scanner = SignatureScanner(text, structs: ["tuple": members])
            do {
                type = try scanner.type(depth: depth)
                try scanner.expectEnd()
            } catch { throw invalid("type", error.reason) }
        } else {
            do { type = try ABIType(parsing: text) } catch { throw invalid("type", error.reason) }
        }
        return ABIParameter(
            try string("name") ?? "", type: type, internalType: try string("internalType"),
            isIndexed: isEvent ? try bool("indexed") ?? false : false)
    }
}

extension ABIFunction {
    fileprivate init(_ item: DescriptionReader) throws(ABIError) {
        try self.init(
            name: try item.name(), inputs: try item.parameters("inputs"), outputs: try item.parameters("outputs"),
            stateMutability: try item.stateMutability())
    }
}

extension ABIEvent {
    fileprivate init(_ item: DescriptionReader) throws(ABIError) {
        try self.init(
            name: try item.name(), inputs: try item.parameters("inputs", isEvent: true),
            isAnonymous: try item.bool("anonymous") ?? false)
    }
}

extension ABIErrorDefinition {
    fileprivate init(_ item: DescriptionReader) throws(ABIError) {
        try self.init(name: try item.name(), inputs: try item.parameters("inputs"))
    }
}

extension ABIConstructor {
    fileprivate init(_ item: DescriptionReader) throws(ABIError) {
        try self.init(inputs: try item.parameters("inputs"), stateMutability: try item.stateMutability())
    }
}

extension ABIParameter {
    /// The parameter as a JSON ABI describes it.
    func json(isEvent: Bool) -> JSON {
        let (base, suffix) = type.arraySuffix
        var object: JSONObject = ["name": .string(name)]
        if case .tuple(let members) = base {
            object["type"] = .string("tuple" + suffix)
            object["components"] = .array(members.map { $0.json(isEvent: false) })
        } else {
            object["type"] = .string(type.canonical)
        }
        if let internalType { object["internalType"] = .string(internalType) }
        if isEvent { object["indexed"] = .bool(isIndexed) }
        return .object(object)
    }
}

extension ABIType {
    /// The innermost element type and the brackets behind it.
    fileprivate var arraySuffix: (base: ABIType, suffix: String) {
        switch self {
        case .array(let element):
            let (base, suffix) = element.arraySuffix
            return (base, suffix + "[]")
        case .fixedArray(let element, let count):
            let (base, suffix) = element.arraySuffix
            return (base, suffix + "[\(count)]")
        default: return (self, "")
        }
    }
}
