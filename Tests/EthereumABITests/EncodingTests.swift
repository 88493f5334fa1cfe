import EthereumABI
import EthereumCore
import Testing

@Suite struct EncodingTests {
    @Test func everyWordType() throws {
        let bytes = try hex("0102030405060708090a0b0c0d0e0f101112131415161718")
        for (type, value, expected) in [
            ("uint8", ABIValue.uint(255), "00000000000000000000000000000000000000000000000000000000000000ff"),
            ("int8", .int(-128), "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff80"),
            ("int256", .int(Int256.min), "8000000000000000000000000000000000000000000000000000000000000000"),
            ("int256", .int(Int256.max), "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
            ("uint256", .uint(.max), String(repeating: "f", count: 64)),
            ("fixed128x18", .fixed(-1), String(repeating: "f", count: 64)),
            (
                "ufixed128x18", .ufixed(1_500_000_000_000_000_000),
                "00000000000000000000000000000000000000000000000014d1120d7b160000"
            ),
            (
                "address", .address(try Address("0xcd2a3d9f938e13cd947ec05abc7fe734df8dd826")),
                "000000000000000000000000cd2a3d9f938e13cd947ec05abc7fe734df8dd826"
            ),
            (
                "function", .function(try ABIFunctionReference(bytes: bytes)),
                "0102030405060708090a0b0c0d0e0f1011121314151617180000000000000000"
            ),
            ("bytes4", try fixedBytes("deadbeef"), "deadbeef00000000000000000000000000000000000000000000000000000000"),
            ("bool", false, String(repeating: "0", count: 64)),
        ] {
            let codec = try ABICodec(parsing: "(\(type))")
            #expect(Hex.encode(try codec.encode([value])) == expected, "\(type)")
            #expect(try codec.decode(hex(expected)) == [value], "\(type)")
        }
    }

    @Test(arguments: [
        ("uint8", ABIValue.uint(256), "args[0]: 256 does not fit in uint8"),
        ("int8", .int(128), "args[0]: 128 does not fit in int8"),
        ("int8", .int(-129), "args[0]: -129 does not fit in int8"),
        ("uint8", .int(1), "args[0]: expected uint8, got a signed integer"),
        ("bytes4", .bytes([1, 2, 3, 4]), "args[0]: expected bytes4, got bytes"),
        ("bytes4", .bytes32(.zero), "args[0]: expected bytes4, got 32 bytes"),
        ("bool[2]", .array([true]), "args[0]: bool[2] has 2 elements, got 1"),
        ("string[2]", .array(["a"]), "args[0]: string[2] has 2 elements, got 1"),
        ("bool[]", .array([true, "x"]), "args[0][1]: expected bool, got a string"),
        ("string[]", .array(["x", true]), "args[0][1]: expected string, got a boolean"),
        (
            "(bool a,(uint8,uint8 deep)[] list)", .tuple([true, .array([.tuple([.uint(1), .uint(999)])])]),
            "args[0].list[0].deep: 999 does not fit in uint8"
        ),
        ("(bool,bool)", .tuple([true]), "args[0]: (bool,bool) has 2 members, got 1"),
        ("(bool,string)", .tuple([true]), "args[0]: (bool,string) has 2 members, got 1"),
        ("(bool,bool)", .array([true, true]), "args[0]: expected (bool,bool), got an array"),
        ("bool[]", .tuple([true]), "args[0]: expected bool[], got a tuple"),
        ("bytes32", .topicHash(.zero), "args[0]: expected bytes32, got the hash of an indexed value"),
    ])
    func misfitsAreNamed(type: String, value: ABIValue, message: String) throws {
        let function = try ABIFunction(signature: "f(\(type))")
        #expect(errorText { _ = try function.encodeCall([value]) } == message)
    }

    /// A type may announce more than any memory: room is made for values that are there.
    @Test(arguments: [
        ("uint256[1000000000000000]", ABIValue.array([ABIValue]())),
        ("uint256[4503599627370495][]", .array([.array([ABIValue]()), .array([ABIValue]())])),
        ("(bool,uint8[2][1000000000000000])[]", .array([.tuple([true, .array([ABIValue]())])])),
        ("(string,uint256[1000000000000000])", .tuple(["", .array([ABIValue]())])),
    ])
    func hugeTypesTakeNoMemory(type: String, value: ABIValue) throws {
        let codec = try ABICodec(parsing: "(\(type))")
        #expect(errorCode { _ = try codec.encode([value]) } == .wrongCount)
        #expect(errorCode { _ = try codec.encode([.array([true])]) } != nil)
    }

    @Test func wrongNumberOfArguments() throws {
        let function = try ABIFunction(signature: "f(bool,bool)")
        #expect(errorText { _ = try function.encodeCall([true]) } == "args: expected 2 values, got 1")
    }

    @Test func packed() throws {
        let address = try Address("0xcd2a3d9f938e13cd947ec05abc7fe734df8dd826")
        for (list, values, expected) in [
            (
                "(address,bool,uint24,int24)", [.address(address), true, .uint(1), .int(-2)],
                "cd2a3d9f938e13cd947ec05abc7fe734df8dd82601000001fffffe"
            ),
            (
                "(uint8[2],bytes,string)", [.array([.uint(1), .uint(2)]), .bytes([3]), "a"],
                String(repeating: "0", count: 63) + "1" + String(repeating: "0", count: 63) + "2" + "0361"
            ),
            ("(bool[],fixed16x2,bytes3)", [.array([ABIValue]()), .fixed(-1), try fixedBytes("0a0b0c")], "ffff0a0b0c"),
        ] as [(String, [ABIValue], String)] {
            #expect(Hex.encode(try ABICodec(parsing: list).encodePacked(values)) == expected)
        }
        for (list, value) in [
            ("(uint8[][])", ABIValue.array([.array([.uint(1)])])), ("((bool))", .tuple([true])),
            ("(string[])", .array(["a"])),
        ] {
            let codec = try ABICodec(parsing: list)
            #expect(errorCode { _ = try codec.encodePacked([value]) } == .unsupported, "\(list)")
        }
    }

    @Test func integers() throws {
        #expect(Int256(-1).description == "-1")
        #expect(
            Int256.min.description == "-57896044618658097711785492504343953926634992332820282019728792003956564819968")
        #expect(try Int256(decimal: Int256.min.description) == Int256.min)
        #expect(try Int256(decimal: Int256.max.description) == Int256.max)
        #expect(errorCode { _ = try Int256(decimal: Int256.min.magnitude.description) } == .outOfRange)
        for text in ["", "-", "+1", "1.0", "0x1", " 1", "--1", "1e3"] {
            #expect(errorCode { _ = try Int256(decimal: text) } == .invalidValue, "\(text)")
        }
        #expect([Int256(5), -7, .min, 0, .max, -1].sorted() == [.min, -7, -1, 0, 5, .max])
        #expect(Int64(exactly: Int256(.min)) == .min)
        #expect(Int64(exactly: Int256.min) == nil)
        #expect(Int256(isNegative: true, magnitude: 0) == .zero)
    }
}
