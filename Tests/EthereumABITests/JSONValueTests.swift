import EthereumABI
import EthereumCore
import StrictJSON
import Testing

@Suite struct JSONValueTests {
    @Test func everyKind() throws {
        let parameters = try ABIParameter.list(
            parsing:
                "(uint256,int8,address,bool,bytes3,bytes,string,function,fixed8x1,ufixed,uint8[],(bool a,int b)[2])")
        let json = try JSON.parse(
            text: """
                ["0xff", -5, "0xcd2a3d9f938e13cd947ec05abc7fe734df8dd826", true, "0x0a0b0c", "0x", "héllo",
                 "0x0102030405060708090a0b0c0d0e0f101112131415161718", "-7", "1500000000000000000", [1, "2", "0x03"],
                 [[true, "-1"], {"b": 2, "a": false}]]
                """)
        let values = try ABIJSON.values(json, for: parameters)
        let expected: [ABIValue] = [
            .uint(255), .int(-5), .address(try Address("0xcd2a3d9f938e13cd947ec05abc7fe734df8dd826")), true,
            try fixedBytes("0a0b0c"),
            .bytes([]), "héllo", .function(try ABIFunctionReference(bytes: Array(1...24))), .fixed(-7),
            .ufixed(1_500_000_000_000_000_000), .array([.uint(1), .uint(2), .uint(3)]),
            .array([.tuple([true, .int(-1)]), .tuple([false, .int(2)])]),
        ]
        #expect(values == expected)
        #expect(
            ABIJSON.json(values).text
                == #"["255","-5","0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826",true,"0x0a0b0c","0x","héllo","#
                + #""0x0102030405060708090a0b0c0d0e0f101112131415161718","-7","1500000000000000000",["1","2","3"],"#
                + #"[[true,"-1"],[false,"2"]]]"#)
        #expect(try ABIJSON.values(ABIJSON.json(values), for: parameters) == values)
        #expect(
            ABIJSON.json(values[11], naming: parameters[11].type)
                == [["a": true, "b": "-1"], ["a": false, "b": "2"]])
    }

    @Test func bigNumbersStayExact() throws {
        let max = UInt256.max.description
        #expect(try ABIJSON.value(.number(JSONNumber(literal: max)), as: .uint256) == .uint(.max))
        #expect(try ABIJSON.value(.string(max), as: .uint256) == .uint(.max))
        #expect(try ABIJSON.value(.string("0x" + String(repeating: "f", count: 64)), as: .uint256) == .uint(.max))
        #expect(try ABIJSON.value(.string("0x" + String(repeating: "0", count: 70)), as: .uint256) == .uint(0))
        #expect(try ABIJSON.value(.string("-0x80"), as: .int(bits: 8)) == .int(-128))
        #expect(try ABIJSON.value(.string("-0"), as: .uint(bits: 8)) == .uint(0))
        #expect(try ABIJSON.value(.string(Int256.min.description), as: .int(bits: 256)) == .int(.min))
    }

    @Test(arguments: [
        ("(uint8)", "[256]", "args[0]: 256 does not fit in uint8"),
        ("(uint8)", "[-1]", "args[0]: -1 does not fit in uint8"),
        ("(int8)", "[128]", "args[0]: 128 does not fit in int8"),
        (
            "(uint256)", "[\"0x1" + String(repeating: "0", count: 64) + "\"]",
            "args[0]: the number does not fit in uint256"
        ),
        (
            "(uint8)", "[1.0]",
            "args[0]: expected an integer for uint8: digits without leading zeros, fraction or exponent"
        ),
        (
            "(uint8)", "[1e2]",
            "args[0]: expected an integer for uint8: digits without leading zeros, fraction or exponent"
        ),
        (
            "(uint8)", "[\"\"]",
            "args[0]: expected an integer for uint8: digits without leading zeros, fraction or exponent"
        ),
        (
            "(uint8)", "[\"01\"]",
            "args[0]: expected an integer for uint8: digits without leading zeros, fraction or exponent"
        ),
        ("(uint8)", "[\"0xzz\"]", "args[0]: not a hexadecimal integer"),
        ("(uint8)", "[\"0x\"]", "args[0]: not a hexadecimal integer"),
        ("(uint8)", "[true]", "args[0]: expected an integer or a string with one for uint8, found a boolean"),
        ("(bool)", "[\"true\"]", "args[0]: expected true or false for bool, found a string"),
        (
            "(bool)", "[1]",
            "args[0]: expected true or false for bool, found a number"
        ),
        ("(string)", "[1]", "args[0]: expected a string for string, found a number"),
        ("(address)", "[\"0x12\"]", "args[0]: an address is 0x and 40 hex digits"),
        (
            "(address)", "[\"0xCd2a3d9f938e13cd947ec05abc7fe734df8dd826\"]",
            "args[0]: the upper and lower case of the address do not match its checksum (EIP-55)"
        ),
        ("(bytes)", "[\"abcd\"]", "args[0]: bytes: hex text must begin with 0x"),
        ("(bytes)", "[\"0xabc\"]", "args[0]: bytes: hex text has 3 digits, an odd number"),
        ("(bytes4)", "[\"0xabcd\"]", "args[0]: bytes4 has 4 bytes, got 2"),
        ("(function)", "[\"0xabcd\"]", "args[0]: a function has 24 bytes, an address and a selector; got 2"),
        ("(bool[2])", "[[true]]", "args[0]: bool[2] has 2 elements, got 1"),
        ("(bool[])", "[{}]", "args[0]: expected an array for bool[], found an object"),
        (
            "(bool,(uint8 id,string name)[] items)", "[true,[{\"id\":1,\"name\":\"a\"},{\"id\":1,\"name\":7}]]",
            "args[1][1].name: expected a string for string, found a number"
        ),
        ("(bool,(uint8 id,string name))", "[true,[1,2]]", "args[1].name: expected a string for string, found a number"),
        ("((uint8 id,string name))", "[{\"id\":1}]", "args[0].name: is missing"),
        (
            "((uint8 id,string name))", "[{\"id\":1,\"nam\":\"x\"}]",
            "args[0]: unknown member \"nam\", did you mean name?"
        ),
        (
            "((uint8,string name))", "[{\"name\":\"x\"}]",
            "args[0]: (uint8,string) has unnamed members, so it needs an array"
        ),
        ("(bool)", "[]", "args: expected 1 values for (bool), got 0"),
        (
            "(bool)", "3",
            "args: expected an array or an object for (bool), found a number"
        ),
    ])
    func mistakesAreNamed(list: String, arguments: String, message: String) throws {
        let parameters = try ABIParameter.list(parsing: list)
        let json = try JSON.parse(text: arguments)
        #expect(errorText { _ = try ABIJSON.values(json, for: parameters) } == message)
    }
}
