import EthereumABI
import EthereumCore
import StrictJSON
import Testing

@Suite struct JSONDescriptionTests {
    static let text = """
        [
          {"type":"constructor","inputs":[{"name":"owner","type":"address","internalType":"address payable"}],
           "stateMutability":"payable"},
          {"type":"error","name":"InsufficientBalance","inputs":[{"name":"available","type":"uint256"},
           {"name":"required","type":"uint256"}]},
          {"type":"event","name":"Event","inputs":[{"name":"a","type":"uint256","indexed":true},
           {"name":"b","type":"bytes32","indexed":false}],"anonymous":false},
          {"type":"function","name":"f","inputs":[
            {"name":"s","type":"tuple","internalType":"struct Test.S","components":[
              {"name":"a","type":"uint256"},{"name":"b","type":"uint256[]"},
              {"name":"c","type":"tuple[]","components":[{"name":"x","type":"uint256"},{"name":"y","type":"uint256"}]}]},
            {"name":"t","type":"tuple","components":[{"name":"x","type":"uint256"},{"name":"y","type":"uint256"}]},
            {"name":"a","type":"uint"}],"outputs":[],"stateMutability":"nonpayable"},
          {"type":"function","name":"grid","inputs":[],"outputs":[{"name":"","type":"tuple[2][][3]","components":[
            {"name":"x","type":"int8"}]}],"stateMutability":"pure","gas":2300},
          {"name":"old","inputs":[],"outputs":[{"name":"","type":"uint256"}],"constant":true,"payable":false},
          {"name":"give","inputs":[],"outputs":[],"constant":false,"payable":true,"type":"function"},
          {"type":"fallback","stateMutability":"payable"},
          {"type":"receive","stateMutability":"payable"}
        ]
        """

    @Test func everyField() throws {
        let contract = try ContractABI(jsonText: Array(Self.text.utf8))
        #expect(
            contract.functions.map(\.signature) == [
                "f((uint256,uint256[],(uint256,uint256)[]),(uint256,uint256),uint256)", "grid()", "old()", "give()",
            ])
        #expect(contract.functions.map(\.stateMutability) == [.nonpayable, .pure, .view, .payable])
        #expect(try contract.function("grid").outputs[0].type.canonical == "(int8)[2][][3]")
        #expect(try contract.function("f").inputs[0].internalType == "struct Test.S")
        #expect(try contract.event("Event").inputs.map(\.isIndexed) == [true, false])
        #expect(try contract.error("InsufficientBalance").selector.description == "0xcf479181")
        #expect(contract.constructor?.stateMutability == .payable)
        #expect(contract.constructor?.inputs.first?.internalType == "address payable")
        #expect(contract.fallback?.stateMutability == .payable)
        #expect(contract.hasReceive)
        let again = try ContractABI(json: contract.json)
        #expect(again == contract)
        #expect(try ContractABI(json: ["abi": contract.json, "bytecode": "0x"]) == contract)
        let call = try contract.function("give").encodeCall()
        #expect(try contract.decodeCall(call).function.name == "give")
        #expect(errorCode { _ = try contract.decodeCall([1, 2, 3, 4]) } == .notFound)
    }

    @Test(arguments: [
        (#"{"type":"function"}"#, "a JSON ABI is an array of descriptions, not an object"),
        (#"[3]"#, "[0]: expected an object, found a number"),
        (#"[{"type":"function","inputs":[]}]"#, "[0].name: a name is required"),
        (#"[{"type":"function","name":"a b","inputs":[]}]"#, "[0].name: 'a b' is not a name"),
        (
            #"[{"type":"thing","name":"a"}]"#,
            "[0].type: expected function, constructor, receive, fallback, event or error"
        ),
        (#"[{"type":"function","name":"a","inputs":{}}]"#, "[0].inputs: expected an array, found an object"),
        (#"[{"type":"function","name":"a","inputs":[{"name":"x"}]}]"#, "[0].inputs[0].type: a type is required"),
        (
            #"[{"type":"function","name":"a","inputs":[{"name":"x","type":"uint7"}]}]"#,
            "[0].inputs[0].type: uint7: integers have 8, 16, ... 256 bits"
        ),
        (
            #"[{"type":"function","name":"a","inputs":[{"name":"x","type":"tuple"}]}]"#,
            "[0].inputs[0].components: a tuple needs its components"
        ),
        (
            #"[{"type":"function","name":"a","inputs":[{"type":"tuple[x]","components":[]}]}]"#,
            "[0].inputs[0].type: expected an array length at character 7 of the signature"
        ),
        (
            #"[{"type":"function","name":"a","stateMutability":"free"}]"#,
            "[0].stateMutability: expected pure, view, nonpayable or payable"
        ),
        (
            #"[{"type":"event","name":"a","inputs":[{"type":"bool","indexed":1}]}]"#,
            "[0].inputs[0].indexed: expected a boolean, found a number"
        ),
        (#"[{"type":"constructor"},{"type":"constructor"}]"#, "[1].type: a second constructor"),
        (#"[{"type":"function","name":"a","name":"b"}]"#, #"[0]: the key "name" appears twice (line 1, column 32)"#),
        (
            #"[{"type":"function","name":"many_msg_babbage","inputs":[{"type":"bytes1"}]},{"name":"transfer","inputs":[{"type":"address"},{"type":"uint256"}]}]"#,
            "many_msg_babbage(bytes1) and transfer(address,uint256) share the selector 0xa9059cbb"
        ),
    ])
    func mistakesAreNamed(text: String, message: String) {
        #expect(errorText { _ = try ContractABI(jsonText: Array(text.utf8)) } == message)
    }

    @Test func deepComponentsAreRefused() {
        var json: JSON = ["name": "x", "type": "bool"]
        for _ in 0..<70 { json = ["name": "x", "type": "tuple", "components": [json]] }
        let deep: JSON = [["type": "function", "name": "f", "inputs": [json]]]
        #expect(errorCode { _ = try ContractABI(json: deep) } == .invalidType)
    }

    @Test func repeatedDescriptions() throws {
        // As a proxy's description merged with its implementation's.
        let merged = try ContractABI(humanReadable: [
            "function upgrade(address to) returns (bool)", "function upgrade(address target) returns (bool ok)",
            "event E(uint8 a)", "event E(uint8 b)",
        ])
        #expect(try merged.function("upgrade").inputs[0].name == "to")
        #expect(try merged.event("E").inputs[0].name == "a")
        #expect(
            errorText { _ = try ContractABI(humanReadable: ["function f() returns (bool)", "function f()"]) }
                == "f() is described twice, with different results")
        #expect(
            errorText { _ = try ContractABI(humanReadable: ["fallback() external", "fallback() external"]) }
                == "line 2: a second fallback at character 1 of the signature")
        // The first counts, by name and by selector.
        let errors = try ContractABI(humanReadable: ["error E(uint8 a)", "error E(uint8 b)", "error E(bool c)"])
        let selector = try ABIErrorDefinition(signature: "E(uint8)").selector
        #expect(errors.error(selector: selector)?.inputs[0].name == "a")
        #expect(try errors.error("E(uint8)").inputs[0].name == "a")
        #expect(errorCode { _ = try errors.error("E") } == .ambiguous)
        #expect(
            errorText {
                _ = try ContractABI(humanReadable: ["receive() external payable", "receive() external payable"])
            }
                == "line 2: a second receive at character 1 of the signature")
        #expect(
            errorText { _ = try ContractABI(json: [["type": "receive"], ["type": "receive"]]) }
                == "[1].type: a second receive")
        let fallbacks: JSON = [["type": "fallback", "payable": true], ["type": "fallback"]]
        #expect(errorText { _ = try ContractABI(json: fallbacks) } == "[1].type: a second fallback")
    }

    /// Another language's names: they stay in the JSON, and are left out where Solidity would not take them.
    @Test func namesThatAreWordsOfSolidity() throws {
        let json: JSON = [
            [
                "type": "function", "name": "f", "stateMutability": "view", "outputs": [],
                "inputs": [["name": "view", "type": "uint256"], ["name": "to", "type": "bool"]],
            ]
        ]
        let contract = try ContractABI(json: json)
        #expect(contract.json == json)
        #expect(contract.humanReadable == ["function f(uint256, bool to) view"])
        #expect(
            try ContractABI(humanReadable: contract.humanReadable).functions[0].selector
                == contract.functions[0].selector)
    }

    @Test func twoMembersOfOneName() throws {
        let parameters = [ABIParameter("a", type: .bool), ABIParameter("a", type: .bool)]
        #expect(try ABIJSON.values([true, false], for: parameters) == [.bool(true), .bool(false)])
        #expect(
            errorText { _ = try ABIJSON.values(["a": true], for: parameters) }
                == "args: (bool,bool) has two members named a, so it needs an array")
    }

    @Test func hostileNamesAreEscaped() throws {
        let evil = "a\n2026 level=info \u{1b}[2J"
        let json: JSON = [
            ["type": "error", "name": "E", "inputs": [["name": .string(evil), "type": "uint8"]]],
            [
                "type": "function", "name": "f",
                "inputs": [
                    [
                        "type": "tuple", "name": .string(evil),
                        "components": [
                            ["name": .string(evil), "type": "uint8"]
                        ],
                    ]
                ],
            ],
        ]
        let contract = try ContractABI(json: json)
        let function = try contract.function("f")
        let data = try contract.error("E").encode([.uint(1)])
        let texts = [
            contract.humanReadable.joined(), "\(ABIRevertReason.decode(data, contract: contract))",
            errorText { _ = try function.encodeCall([.tuple([.uint(256)])]) },
            errorText { _ = try ABIJSON.values([[:]], for: function.inputs) },
            errorText { _ = try ABIJSON.values([["b": 1]], for: function.inputs) },
        ]
        for text in texts {
            #expect(!text.unicodeScalars.contains { $0.properties.generalCategory == .control }, "\(text)")
        }
    }

    @Test func lookUps() throws {
        let contract = try ContractABI(humanReadable: [
            "function f(uint8 a)", "function f(string b)", "function g()", "event E(uint8 a)", "error X()",
        ])
        #expect(try contract.function("f(string)").inputs.count == 1)
        #expect(try contract.function("f(uint8 anything)").inputs.count == 1)
        #expect(
            errorText { _ = try contract.function("f") }
                == "f is overloaded: f(uint8), f(string)")
        #expect(errorText { _ = try contract.function("h") } == "the contract has no function h")
        #expect(errorText { _ = try contract.event("F") } == "the contract has no event F")
        #expect(try contract.error("X").selector == contract.error(selector: contract.error("X").selector)?.selector)
        #expect(try contract.function(selector: contract.function("g").selector)?.name == "g")
        #expect(contract.function(selector: ABISelector(rawValue: 0)) == nil)
        let topics = [try contract.event("E").topic0]
        #expect(contract.event(topics: topics)?.name == "E")
    }
}
