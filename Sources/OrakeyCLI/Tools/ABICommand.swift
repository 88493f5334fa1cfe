import ArgumentParser
import EthereumABI
import EthereumCore
import StrictJSON

/// `orakey abi`.
struct ABICommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "abi", abstract: "Encode and decode the Solidity contract ABI.",
        subcommands: [ABIEncode.self, ABIDecode.self, ABISelectorCommand.self])

    /// Largest input from standard input, in bytes.
    static let limit = 64 << 20

    /// What the arguments are encoded for.
    enum Subject {
        /// A selector and the arguments.
        case function(ABIFunction)
        /// The same, as a contract reverts with them.
        case error(ABIErrorDefinition)
        /// The arguments only: a list of types, or a constructor, whose arguments follow the bytecode.
        case arguments(ABICodec)
    }

    static func subject(_ signature: String) throws(ABIError) -> Subject {
        let text = signature.drop { $0.isWhitespace }
        if text.first == "(" { return .arguments(try ABICodec(parsing: signature)) }
        let word = text.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "$" }
        if word == "constructor" { return .arguments(try ABIConstructor(signature: signature).input) }
        // A function may have one of these names.
        let isMarked = text.dropFirst(word.count).first?.isWhitespace == true
        if isMarked, word == "error" { return .error(try ABIErrorDefinition(signature: signature)) }
        if isMarked, word == "event" {
            throw ABIError(.invalidSignature, "an event is not called; selector --event prints its first topic")
        }
        return .function(try ABIFunction(signature: signature))
    }
}

struct ABIEncode: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encode", abstract: "Print a call as hex.",
        discussion: """
            orakey abi encode 'f(uint256,(bytes32,string)[])' '[5, [["0x..", "text"]]]'
            Without a name before the parenthesis, and for a constructor, only the arguments are encoded. Integers are \
            JSON numbers or decimal or 0x strings, bytes 0x hex, tuples arrays or objects.
            """)

    @Argument(help: ArgumentHelp("A function, or a list of types.", valueName: "signature")) var signature: String
    @Argument(
        help: ArgumentHelp(
            "A JSON array, one element for each parameter; - for standard input.", valueName: "arguments"))
    var arguments: String
    @OptionGroup var json: JSONOption

    func run() throws {
        let text = arguments == "-" ? try StandardInput.text(limit: ABICommand.limit) : arguments
        let values = try JSON.parse(text: text)
        let data: [UInt8]
        switch try ABICommand.subject(signature) {
        case .function(let function): data = try function.encodeCall(ABIJSON.values(values, for: function.inputs))
        case .error(let error): data = try error.encode(ABIJSON.values(values, for: error.inputs))
        case .arguments(let codec): data = try codec.encode(ABIJSON.values(values, for: codec.parameters))
        }
        let hex = Hex.encodePrefixed(data)
        json.isOn ? Output.json(["data": .string(hex)]) : Output.line(hex)
    }
}

struct ABIDecode: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode", abstract: "Print encoded data as a JSON array.",
        discussion: """
            orakey abi decode '(uint256,string)' 0x..
            With a name before the parenthesis the data is a call of that function; a constructor's are its arguments \
            alone. Integers are printed as decimal strings, bytes as 0x hex.
            """)

    @Argument(help: ArgumentHelp("A list of types, or a function.", valueName: "signature")) var signature: String
    @Argument(help: ArgumentHelp("The data in hex; - for standard input.", valueName: "0x..")) var data: String
    @Flag(help: "Accept dirty padding and shared offsets, as Solidity's oldest decoders did.") var lenient = false
    @OptionGroup var json: AlwaysJSONOption

    func run() throws {
        let text = data == "-" ? try StandardInput.text(limit: ABICommand.limit) : data
        let bytes = try Hex.decode(text)
        let options: ABIDecodingOptions = lenient ? .lenient : .strict
        switch try ABICommand.subject(signature) {
        case .function(let function): Output.json(ABIJSON.json(try function.decodeCall(bytes, options: options)))
        case .error(let error): Output.json(ABIJSON.json(try error.decode(bytes, options: options)))
        case .arguments(let codec): Output.json(ABIJSON.json(try codec.decode(bytes, options: options)))
        }
    }
}

struct ABISelectorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "selector",
        abstract: "Print a function's or an error's selector, or an event's first topic with --event.")

    @Argument(help: ArgumentHelp("Such as 'transfer(address,uint256)'.", valueName: "signature")) var signature: String
    @Flag(help: "The signature is an event's.") var event = false
    @OptionGroup var json: JSONOption

    func run() throws {
        let (name, text) =
            event
            ? ("topic", try ABIEvent(signature: signature).topic0.hex)
            : ("selector", "\(try Self.selector(of: signature))")
        json.isOn ? Output.json([name: .string(text)]) : Output.line(text)
    }

    private static func selector(of signature: String) throws -> ABISelector {
        switch try ABICommand.subject(signature) {
        case .function(let function): function.selector
        case .error(let error): error.selector
        // Says why there is none.
        case .arguments: try ABIFunction(signature: signature).selector
        }
    }
}
