import EthereumABI
import Testing

@Suite struct TypeTests {
    @Test(arguments: [
        ("uint", "uint256"), ("int", "int256"), ("uint8", "uint8"), ("int256", "int256"), ("byte", "bytes1"),
        ("bytes32", "bytes32"), ("bytes", "bytes"), ("string", "string"), ("function", "function"), ("bool", "bool"),
        ("address payable", "address"), ("fixed", "fixed128x18"), ("ufixed", "ufixed128x18"),
        ("fixed8x1", "fixed8x1"), ("ufixed256x80", "ufixed256x80"), ("uint[]", "uint256[]"),
        ("uint256[3][][2]", "uint256[3][][2]"), ("bytes32[0]", "bytes32[0]"), ("()", "()"), ("()[]", "()[]"),
        ("( uint a , tuple(string[] b,bool) c )[2]", "(uint256,(string[],bool))[2]"),
    ])
    func aliasesAndNames(text: String, canonical: String) throws {
        if text == "address payable" {
            #expect(try ABIParameter.list(parsing: "(\(text))").first?.type.canonical == canonical)
        } else {
            #expect(try ABIType(parsing: text).canonical == canonical)
        }
    }

    @Test(arguments: [
        "", " ", "uint7", "uint0", "uint264", "uint08", "uint2560", "uint-8", "int1", "bytes0", "bytes33", "bytes032",
        "fixed128",
        "fixed7x1", "fixed8x0", "fixed8x81", "fixed8x", "ufixedx8", "Uint256", "uint256]", "uint256[", "uint256[-1]",
        "uint256[01]",
        "uint256[ 1 ]",
        "uint256[99999999999999999999]", "(uint256", "uint256)", "(uint256,)", "(,uint256)", "(uint256 a b)",
        "(uint256;uint8)",
        "tuple", "mapping", "string8", "address20", "bool1", "uint256 []", "uint256é", "uint256,uint8",
        "(uint256 indexed a)",
    ])
    func notAType(text: String) {
        let code = errorCode { _ = try ABIType(parsing: text) }
        #expect(code == .invalidType || code == .invalidSignature, "\(text)")
    }

    @Test func depthIsBounded() throws {
        let deepest = String(repeating: "(", count: 64) + "uint8" + String(repeating: ")", count: 64)
        #expect(try ABIType(parsing: deepest).canonical == deepest)
        #expect(errorCode { _ = try ABIType(parsing: "(" + deepest + ")") } == .invalidType)
        #expect(
            errorCode {
                _ = try ABIType(parsing: String(repeating: "(", count: 100_000))
            } == .invalidSignature)
        #expect(
            errorCode {
                _ = try ABIType(parsing: "uint8" + String(repeating: "[]", count: 65))
            } == .invalidType)
        var type = ABIType.bool
        for _ in 0..<70 { type = .array(type) }
        let built = type
        #expect(errorCode { _ = try ABICodec([built]) } == .invalidType)
    }

    @Test func impossibleTypesAreRefused() {
        for type: ABIType in [
            .uint(bits: 7), .uint(bits: 0), .int(bits: 512), .int(bits: -8), .fixedBytes(count: 0),
            .fixedBytes(count: 33),
            .fixed(bits: 8, decimals: 81), .fixedArray(.bool, count: -1),
            .fixedArray(.fixedArray(.bool, count: .max), count: 9),
            .fixedArray(.tuple([ABIType]()), count: 100_000), .array(.tuple([.uint(bits: 9)])),
        ] {
            #expect(errorCode { _ = try ABICodec([type]) } == .invalidType, "\(type)")
        }
    }

    @Test func dynamicTypes() throws {
        for (text, isDynamic) in [
            ("uint256", false), ("bytes", true), ("string", true), ("uint8[]", true), ("uint8[3]", false),
            ("string[3]", true),
            ("(uint8,bool)", false), ("(uint8,(bytes))", true), ("(uint8[2])[2]", false), ("string[0]", true),
        ] {
            #expect(try ABIType(parsing: text).isDynamic == isDynamic, "\(text)")
        }
    }

    @Test func errorsNameThePlace() {
        #expect(
            errorText { _ = try ABIType(parsing: "(uint256,uint257)") }
                == "uint257: integers have 8, 16, ... 256 bits")
        #expect(
            errorText { _ = try ABIType(parsing: "(uint256 a,]") }
                == "expected a type at character 12 of the signature")
        #expect(
            errorText { _ = try ABIFunction(signature: "f(uint256") }
                == "expected ',' or ')' at the end of the signature")
    }
}
