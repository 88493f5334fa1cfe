import EthereumCore
public import StrictJSON

/// ABI values as JSON: what people type as arguments, and what programs print.
///
/// Integers are read from JSON numbers, decimal strings or `0x` hex strings and written as decimal strings; addresses
/// and bytes are `0x` hex strings; fixed-point numbers are raw integers (the number times 10^N); arrays are arrays;
/// tuples are read from arrays or from objects with the members' names, and written as arrays.
public enum ABIJSON {
    /// Reads one value for each parameter from an array, or from an object with the parameters' names.
    ///
    /// - Parameters:
    ///   - json: the arguments.
    ///   - parameters: what they are for.
    ///   - path: what error messages call them.
    /// - Throws: ``ABIError`` that names the argument: `args[1].name: ...`.
    public static func values(
        _ json: JSON, for parameters: [ABIParameter], path: String = "args"
    ) throws(ABIError) -> [ABIValue] {
        do { return try members(json, of: parameters, named: false) } catch { throw error.within(path) }
    }

    /// Reads one value of a type.
    ///
    /// - Throws: ``ABIError`` whose path leads to the wrong part.
    public static func value(_ json: JSON, as type: ABIType) throws(ABIError) -> ABIValue {
        switch type {
        case .uint(let bits): return .uint(try ABIJSONNumber(json, type).unsigned(bits: bits))
        case .int(let bits): return .int(try ABIJSONNumber(json, type).signed(bits: bits))
        case .fixed(let bits, _): return .fixed(try ABIJSONNumber(json, type).signed(bits: bits))
        case .ufixed(let bits, _): return .ufixed(try ABIJSONNumber(json, type).unsigned(bits: bits))
        case .bool:
            guard case .bool(let flag) = json else { throw mismatch(json, "true or false", type) }
            return .bool(flag)
        case .string:
            guard case .string(let text) = json else { throw mismatch(json, "a string", type) }
            return .string(text)
        case .address: return .address(try address(json))
        case .bytes: return .bytes(try bytes(json, type))
        case .fixedBytes(let count):
            let bytes = try bytes(json, type)
            guard bytes.count == count else {
                throw ABIError(.outOfRange, "\(type) has \(count) bytes, got \(bytes.count)")
            }
            return .fixedBytes(try ABIFixedBytes(bytes))
        case .function:
            let bytes = try bytes(json, type)
            guard bytes.count == 24 else {
                throw ABIError(.outOfRange, "a function has 24 bytes, an address and a selector; got \(bytes.count)")
            }
            return .function(try ABIFunctionReference(bytes: bytes))
        case .array(let element): return .array(try elements(json, of: element, count: nil, type))
        case .fixedArray(let element, let count): return .array(try elements(json, of: element, count: count, type))
        case .tuple(let parameters): return .tuple(try members(json, of: parameters, named: true))
        }
    }

    /// The JSON form of a value.
    public static func json(_ value: ABIValue) -> JSON {
        switch value {
        case .bool(let flag): return .bool(flag)
        case .string(let text): return .string(text)
        case .array(let list), .tuple(let list): return .array(list.map(json))
        case .bytes, .fixedBytes, .function, .address, .uint, .int, .fixed, .ufixed: return .string(value.description)
        case .topicHash(let hash): return .string(hash.hex)
        }
    }

    /// The JSON forms of values, in order.
    public static func json(_ values: [ABIValue]) -> JSON { .array(values.map(json)) }

    /// The JSON form of a value, with tuples as objects wherever all their members have different names.
    public static func json(_ value: ABIValue, naming type: ABIType) -> JSON {
        switch (type, value) {
        case (.tuple(let members), .tuple(let list)): return json(list.elements, naming: members)
        case (.array(let element), .array(let list)), (.fixedArray(let element, _), .array(let list)):
            return .array(list.map { json($0, naming: element) })
        default: return json(value)
        }
    }

    /// The JSON forms of parameters: an object when all have different names, else an array.
    public static func json(_ values: [ABIValue], naming parameters: [ABIParameter]) -> JSON {
        let pairs = zip(parameters, values).map { ($0.name, json($1, naming: $0.type)) }
        let names = Set(parameters.map(\.name))
        guard !pairs.isEmpty, names.count == parameters.count, !names.contains(""), pairs.count == values.count else {
            return .array(pairs.map(\.1))
        }
        return .object(JSONObject(pairs))
    }

    // MARK: parts

    private static func mismatch(_ json: JSON, _ expected: String, _ type: ABIType) -> ABIError {
        ABIError(.typeMismatch, "expected \(expected) for \(type), found \(json.kindName)")
    }

    private static func bytes(_ json: JSON, _ type: ABIType) throws(ABIError) -> [UInt8] {
        guard case .string(let text) = json else { throw mismatch(json, "a 0x hex string", type) }
        do { return try decodeHex(text) } catch { throw ABIError(.invalidValue, "\(type): \(error)") }
    }

    private static func elements(
        _ json: JSON, of element: ABIType, count: Int?, _ type: ABIType
    ) throws(ABIError) -> [ABIValue] {
        guard case .array(let list) = json else { throw mismatch(json, "an array", type) }
        if let count, list.count != count {
            throw ABIError(.wrongCount, "\(type) has \(count) elements, got \(list.count)")
        }
        var values: [ABIValue] = []
        values.reserveCapacity(list.count)
        for (index, json) in list.enumerated() {
            do { values.append(try value(json, as: element)) } catch { throw error.within("[\(index)]") }
        }
        return values
    }

    private static func members(
        _ json: JSON, of parameters: [ABIParameter], named: Bool
    ) throws(ABIError) -> [ABIValue] {
        let list: [JSON]
        switch json {
        case .array(let array):
            guard array.count == parameters.count else {
                throw ABIError(
                    .wrongCount,
                    "expected \(parameters.count) values for \(ABIType.canonical(parameters)), got \(array.count)")
            }
            list = array
        case .object(let object): list = try ordered(object, by: parameters)
        default:
            throw ABIError(
                .typeMismatch,
                "expected an array or an object for \(ABIType.canonical(parameters)), found \(json.kindName)")
        }
        var values: [ABIValue] = []
        values.reserveCapacity(list.count)
        for (index, json) in list.enumerated() {
            do {
                values.append(try value(json, as: parameters[index].type))
            } catch { throw error.within(named ? parameters.place(index) : "[\(index)]") }
        }
        return values
    }

    /// The members of an object in the order of the parameters; every member must be there, and no other.
    private static func ordered(_ object: JSONObject, by parameters: [ABIParameter]) throws(ABIError) -> [JSON] {
        var names: Set<String> = []
        for parameter in parameters where !names.insert(parameter.name).inserted || parameter.name.isEmpty {
            let problem =
                parameter.name.isEmpty
                ? "unnamed members" : "two members named \(escapedForPeople(parameter.name))"
            throw ABIError(.typeMismatch, "\(ABIType.canonical(parameters)) has \(problem), so it needs an array")
        }
        for key in object.keys where !names.contains(key) {
            let nearest = NearestName.of(key, among: names).map { ", did you mean \(escapedForPeople($0))?" } ?? ""
            throw ABIError(.notFound, "unknown member \(quotedForPeople(key))" + nearest)
        }
        var list: [JSON] = []
        for parameter in parameters {
            guard let json = object[parameter.name] else {
                throw ABIError(.wrongCount, path: escapedForPeople(parameter.name), "is missing")
            }
            list.append(json)
        }
        return list
    }
}
