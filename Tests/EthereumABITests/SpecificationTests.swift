import EthereumABI
import EthereumCore
import StrictJSON
import Testing

/// The worked examples of the Solidity documentation's Contract ABI Specification.
@Suite struct SpecificationTests {
    struct Example: Sendable, CustomTestStringConvertible {
        let signature: String
        let arguments: [ABIValue]
        let selector: String
        let data: [UInt8]
        var testDescription: String { signature }
    }

    static func examples() throws -> [Example] {
        [
            Example(
                signature: "baz(uint32,bool)", arguments: [.uint(69), true], selector: "cdcd77c0",
                data: try words("45", "1")),
            Example(
                signature: "bar(bytes3[2])",
                arguments: [.array([try fixedBytes("616263"), try fixedBytes("646566")])], selector: "fce353f6",
                data: padded("abc") + padded("def")),
            Example(
                signature: "sam(bytes,bool,uint256[])",
                arguments: [.bytes(Array("dave".utf8)), true, .array([.uint(1), .uint(2), .uint(3)])],
                selector: "a5643bf2",
                data: try words("60", "1", "a0", "4") + padded("dave") + words("3", "1", "2", "3")),
            Example(
                signature: "f(uint256,uint32[],bytes10,bytes)",
                arguments: [
                    .uint(0x123), .array([.uint(0x456), .uint(0x789)]),
                    .fixedBytes(try ABIFixedBytes(Array("1234567890".utf8))), .bytes(Array("Hello, world!".utf8)),
                ],
                selector: "8be65246",
                data: try words("123", "80") + padded("1234567890") + words("e0", "2", "456", "789", "d")
                    + padded("Hello, world!")),
            Example(
                signature: "g(uint256[][],string[])",
                arguments: [
                    .array([.array([.uint(1), .uint(2)]), .array([.uint(3)])]), .array(["one", "two", "three"]),
                ],
                selector: "2289b18c",
                data: try words("40", "140", "2", "40", "a0", "2", "1", "2", "1", "3", "3", "60", "a0", "e0", "3")
                    + padded("one") + words("3") + padded("two") + words("5") + padded("three")),
        ]
    }

    @Test(arguments: try examples())
    func workedExample(_ example: Example) throws {
        let function = try ABIFunction(signature: example.signature)
        let call = try hex(example.selector) + example.data
        #expect(function.selector.bytes == (try hex(example.selector)))
        #expect(try function.encodeCall(example.arguments) == call)
        #expect(try function.decodeCall(call) == example.arguments)
        #expect(try function.decodeCall(call, options: .canonical) == example.arguments)
    }

    @Test func packedExample() throws {
        let codec = try ABICodec(parsing: "(int16,bytes1,uint16,string)")
        let packed = try codec.encodePacked([.int(-1), fixedBytes("42"), .uint(3), "Hello, world!"])
        #expect(Hex.encodePrefixed(packed) == "0xffff42000348656c6c6f2c20776f726c6421")
    }

    @Test func errorExample() throws {
        let definition = try ABIErrorDefinition(
            signature: "error InsufficientBalance(uint256 available, uint256 required)")
        #expect(definition.selector.description == "0xcf479181")
        let data = try definition.encode([.uint(0), .uint(100)])
        #expect(data == (try hex("cf479181") + words("0", "64")))
        let contract = try ContractABI(errors: [definition])
        #expect(
            ABIRevertReason(decoding: data, contract: contract).description
                == "reverted: InsufficientBalance(available: 0, required: 100)")
    }

    @Test func tupleSignatureExample() throws {
        // struct T { uint x; uint y; }  struct S { uint a; uint[] b; T[] c; }  function f(S s, T t, uint a)
        let function = try ABIFunction(
            signature: "f((uint a, uint[] b, (uint x, uint y)[] c) s, (uint x, uint y) t, uint a)")
        #expect(function.signature == "f((uint256,uint256[],(uint256,uint256)[]),(uint256,uint256),uint256)")
    }

    /// The public `basic_abi_tests.json` of ethereum/tests.
    @Test(.enabled(if: vectorsFolder() != nil, "no test vectors: set ORAKEY_VECTORS to their folder"))
    func publicVectors() throws {
        let folder = try #require(vectorsFolder())
        let bytes = try #require(contents(ofFile: folder + "/abi/basic_abi_tests.json"))
        let json = try JSON.parse(bytes)
        let cases = try #require(json.objectValue)
        #expect(cases.count >= 3)
        for (name, test) in cases {
            let types = try #require(test["types"]?.arrayValue).map { try ABIType(parsing: #require($0.stringValue)) }
            let arguments = try zip(types, #require(test["args"]?.arrayValue)).map { type, argument in
                try ABIJSON.value(VectorText.hexed(argument, type), as: type)
            }
            let result = try hex(#require(test["result"]?.stringValue))
            let codec = try ABICodec(types)
            #expect(try codec.encode(arguments) == result, "\(name)")
            #expect(try codec.decode(result, options: .canonical) == arguments, "\(name)")
        }
    }

    /// These vectors write byte strings as plain text.
    enum VectorText {
        static func hexed(_ json: JSON, _ type: ABIType) -> JSON {
            switch type {
            case .bytes, .fixedBytes:
                guard let text = json.stringValue, !text.hasPrefix("0x") else { return json }
                return .string(Hex.encodePrefixed(Array(text.utf8)))
            default: return json
            }
        }
    }
}
