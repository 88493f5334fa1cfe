import EthereumABI
import EthereumCore
import Testing

@Suite struct SignatureTests {
    @Test func functions() throws {
        let function = try ABIFunction(
            signature: "  function keysOf(address owner, uint256 offset, uint256 limit) external view "
                + "returns ((bytes32 message, bool active)[] memory keys);")
        #expect(function.signature == "keysOf(address,uint256,uint256)")
        #expect(function.stateMutability == .view)
        #expect(function.stateMutability.isReadOnly)
        #expect(function.outputs.map(\.name) == ["keys"])
        #expect(
            function.description
                == "function keysOf(address owner, uint256 offset, uint256 limit) view "
                + "returns ((bytes32 message, bool active)[] keys)")
        #expect(try ABIFunction(signature: function.description) == function)
        #expect(try ABIFunction(signature: "transfer(address,uint256)").selector.description == "0xa9059cbb")
        #expect(try ABIFunction(signature: "f(address payable to) public payable virtual").stateMutability == .payable)
        #expect(try ABIFunction(signature: "f() constant returns (uint)").stateMutability == .view)
        let overriding = "function f() external override(IERC20, Base.Token ) view returns (uint)"
        #expect(try ABIFunction(signature: overriding).stateMutability == .view)
        #expect(errorCode { _ = try ABIFunction(signature: "f() override(") } == .invalidSignature)
        #expect(errorCode { _ = try ABIFunction(signature: "f() override()") } == .invalidSignature)
    }

    @Test func parametersOfSolidity() throws {
        for (text, canonical) in [
            ("f(address payable[] x)", "f(address[])"), ("f(address payable [2][] x)", "f(address[2][])"),
            ("f(address payable)", "f(address)"),
            ("f((address payable a, uint b)[] calldata list)", "f((address,uint256)[])"),
            ("f(function(uint) external cb)", "f(function)"),
            ("f(function (uint, address payable) external cb)", "f(function)"),
            ("f(function() external view returns (uint256, string memory)[2] cbs, bool x)", "f(function[2],bool)"),
            ("f(function f)", "f(function)"),
            ("f(uint256 payableAmount, bytes memory from, string calldata error)", "f(uint256,bytes,string)"),
        ] {
            #expect(try ABIFunction(signature: text).signature == canonical, "\(text)")
        }
        #expect(try ABIFunction(signature: "f(function(uint) external cb)").inputs.map(\.name) == ["cb"])
        #expect(try ABIType(parsing: "address payable[]") == .array(.address))
        #expect(
            try ABIEvent(signature: "E(address payable indexed to, function(bytes memory) external indexed cb)")
                .signature
                == "E(address,function)")
    }

    @Test(arguments: [
        "uint256 payable", "uint256 returns", "uint256 calldata", "uint256 memory x", "address memory x",
        "uint256 view",
        "uint256 uint256", "uint256 function", "bool address", "address[] payable x", "address payable payable",
        "function(uint) cb", "function(uint) internal cb", "function(uint) external internal cb", "function(",
        "bytes memory memory",
        "function(uint8", "uint256 indexed",
    ])
    func noParameters(text: String) {
        let code = errorCode { _ = try ABIFunction(signature: "f(\(text))") }
        #expect(code == .invalidSignature || code == .invalidType, "\(text)")
    }

    @Test func namesOfParametersDiffer() throws {
        for text in ["f(uint8 a, (uint8 b, bool b) c)", "f(uint8 b, uint8 b)", "f() returns (uint8 b, uint8 b)"] {
            #expect(errorText { _ = try ABIFunction(signature: text) } == "two parameters are named b", "\(text)")
        }
        #expect(
            errorText { _ = try ContractABI(humanReadable: ["struct S { uint8 b; bool b; }"]) }
                == "line 1: two members of S are named b")
        #expect(try ABIFunction(signature: "f(uint8 a, (uint8 a, bool) b, uint8)").inputs.count == 3)
        #expect(
            errorText { _ = try ABIFunction(signature: "f(uint256 calldata)") }
                == "'calldata' is a word of Solidity and no name, at character 11 of the signature")
    }

    @Test(arguments: [
        ("constructor(uint256)", "a constructor has no selector: only its arguments are encoded, behind the bytecode"),
        (
            "receive()",
            "receive() has neither a selector nor arguments; a function of that name is written: function receive(...)"
        ),
        (
            "fallback()",
            "fallback() has neither a selector nor arguments; a function of that name is written: function fallback(...)"
        ),
        ("function(uint8)", "'function' is a word of Solidity and names no function; give it a name"),
        ("function (uint8)", "expected a name at character 10 of the signature"),
    ])
    func whatHasNoSelector(text: String, message: String) {
        #expect(errorText { _ = try ABIFunction(signature: text) } == message)
    }

    @Test func markedFunctionsMayHaveTheNamesOfSpecialOnes() throws {
        let receive = try ABIFunction(signature: "function receive(uint8)")
        #expect(receive.signature == "receive(uint8)")
        #expect(try ABIFunction(signature: receive.description) == receive)
    }

    @Test(arguments: [
        "", "f", "f(", "f)", "(uint256)", "1f()", "f() returns", "f() returns (uint256) view", "f() view pure",
        "f() {}", "f()()",
        "f(uint256 indexed a)", "event f()", "f() return (uint8)", "function f", "f(uint8) extra",
    ])
    func notAFunction(text: String) {
        let code = errorCode { _ = try ABIFunction(signature: text) }
        #expect(code == .invalidSignature || code == .invalidType, "\(text)")
    }

    @Test func eventsErrorsAndConstructors() throws {
        let event = try ABIEvent(signature: "event Transfer(address indexed from, address indexed to, uint256 value)")
        #expect(event.topic0.hex == "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")
        #expect(event.inputs.map(\.isIndexed) == [true, true, false])
        #expect(try ABIEvent(signature: event.description) == event)
        let anonymous = try ABIEvent(signature: "Raw(bytes32 indexed a) anonymous")
        #expect(anonymous.isAnonymous)
        #expect(try ABIEvent(signature: anonymous.description) == anonymous)
        let error = try ABIErrorDefinition(signature: "Unauthorized(address caller)")
        #expect(try ABIErrorDefinition(signature: error.description) == error)
        let constructor = try ABIConstructor(signature: "constructor(address owner, uint8[2] limits) payable")
        #expect(constructor.stateMutability == .payable)
        #expect(try ABIConstructor(signature: constructor.description) == constructor)
        let data = try constructor.encodeDeployment(
            bytecode: [0x60, 0x00], [.address(.zero), .array([.uint(1), .uint(2)])])
        #expect(data == (try [0x60, 0x00] + words("0", "1", "2")))
        #expect(
            try constructor.decodeDeployment(data, bytecode: [0x60, 0x00])
                == [.address(.zero), .array([.uint(1), .uint(2)])])
        #expect(
            errorCode {
                _ = try constructor.decodeDeployment(data, bytecode: [0x61])
            } == .wrongSelector)
        #expect(
            errorCode {
                _ = try ABIEvent(signature: "E(uint8 indexed a, uint8 indexed b, uint8 indexed c, uint8 indexed d)")
            } == .invalidSignature)
        #expect(
            try ABIEvent(signature: "E(uint8 indexed a, uint8 indexed b, uint8 indexed c, uint8 indexed d) anonymous")
                .topicCount == 4)
    }

    @Test func contractOfLines() throws {
        let contract = try ContractABI(humanReadable: [
            "struct Point { uint256 x; uint256 y; }",
            "struct Path { string name; Point[] points; }",
            "constructor(address owner)",
            "function draw(Path path, Point origin) returns (bool)",
            "function draw(Point p)",
            "event Drawn(address indexed by, Point[2] corners)",
            "error Ugly(string why)",
            "fallback() external",
            "receive() external payable",
        ])
        #expect(
            contract.functions.map(\.signature)
                == ["draw((string,(uint256,uint256)[]),(uint256,uint256))", "draw((uint256,uint256))"])
        #expect(contract.events.first?.signature == "Drawn(address,(uint256,uint256)[2])")
        #expect(contract.hasReceive)
        #expect(contract.fallback?.stateMutability == .nonpayable)
        #expect(contract.constructor?.inputs.count == 1)
        #expect(errorCode { _ = try contract.function("draw") } == .ambiguous)
        #expect(try contract.function("draw((uint x, uint y) p)").inputs.count == 1)
        #expect(try ContractABI(humanReadable: contract.humanReadable).humanReadable == contract.humanReadable)
        #expect(
            errorText {
                _ = try ContractABI(humanReadable: ["function f()", "nonsense"])
            }.hasPrefix("line 2: "))
    }
}
