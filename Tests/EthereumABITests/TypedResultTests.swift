import EthereumABI
import EthereumCore
import Testing

@Suite struct TypedResultTests {
    @Test func returnsAsSwiftTypes() throws {
        let function = try ABIFunction(
            signature: "f() returns (bytes32,bytes32[],uint64,string,bytes,int8,(bool,address))")
        let data = try function.encodeReturn([
            .bytes32(Bytes32(UInt256(1))), .bytes32Array([.zero, Bytes32(UInt256(2))]), .uint(7), "x", .bytes([1, 2]),
            .int(-3),
            .tuple([true, .address(.zero)]),
        ])
        let (word, list, small, text, bytes, signed, rest) = try function.decodeReturn(
            data, as: Bytes32.self, [Bytes32].self, UInt64.self, String.self, [UInt8].self, Int.self, ABIValue.self)
        #expect(word == Bytes32(UInt256(1)))
        #expect(list == [.zero, Bytes32(UInt256(2))])
        #expect(small == 7)
        #expect(text == "x")
        #expect(bytes == [1, 2])
        #expect(signed == -3)
        #expect(rest == .tuple([true, .address(.zero)]))
    }

    @Test func mismatchesAreErrors() throws {
        let function = try ABIFunction(signature: "f() returns (uint256,bool)")
        let data = try function.encodeReturn([.uint(.max), true])
        #expect(
            errorText { _ = try function.decodeReturn(data, as: UInt64.self, Bool.self) }
                .hasPrefix("returns[0]: "))
        #expect(errorCode { _ = try function.decodeReturn(data, as: UInt256.self) } == .wrongCount)
        #expect(
            errorCode {
                _ = try function.decodeReturn(data, as: UInt256.self, Bool.self, Bool.self)
            } == .wrongCount)
        #expect(
            errorText { _ = try function.decodeReturn(data, as: UInt256.self, String.self) }
                == "returns[1]: expected a string, found a boolean")
    }

    @Test func callsWithSwiftTypes() throws {
        let function = try ABIFunction(signature: "f(address,uint64,bytes,bytes32[],int16)")
        let call = try function.encodeCall(with: Address.zero, UInt64(5), [UInt8]([1]), [Bytes32.zero], -1)
        #expect(
            try function.decodeCall(call) == [.address(.zero), .uint(5), .bytes([1]), .bytes32Array([.zero]), .int(-1)])
    }

    @Test func callsThatKnowTheirAnswer() throws {
        let function = try ABIFunction(signature: "isActive(address owner, bytes32 message) view returns (bool)")
        let call = try function.call(Address.zero, Bytes32.zero, returning: Bool.self)
        #expect(call.data == (try function.encodeCall([.address(.zero), .bytes32(.zero)])))
        #expect(try call.result(of: words("1")) == true)
        #expect(errorCode { _ = try call.result(of: words("2")) } == .dirtyPadding)
        let create = try ABIFunction(signature: "createKeys(uint256 n) returns (bytes32, bytes32)")
            .call(UInt64(2), returning: Bytes32.self, Bytes32.self)
        let (first, last) = try create.result(of: words("5", "6"))
        #expect(first == Bytes32(UInt256(5)))
        #expect(last == Bytes32(UInt256(6)))
        let disable = try ABIFunction(signature: "disableKey(bytes32)").call(Bytes32.zero)
        try disable.result(of: [])
    }

    @Test func smallIntegers() throws {
        #expect(try UInt8(abiValue: .uint(255)) == 255)
        #expect(errorCode { _ = try UInt8(abiValue: .uint(256)) } == .outOfRange)
        #expect(errorCode { _ = try Int64(abiValue: .int(.min)) } == .outOfRange)
        #expect(try Int(abiValue: .uint(5)) == 5)
        #expect(try [UInt8].init(abiValue: .array([.uint(1), .uint(2)])) == [1, 2])
        #expect(try [UInt8].init(abiValue: fixedBytes("0a0b")) == [0x0a, 0x0b])
        #expect(
            errorText { _ = try [Bool](abiValue: .array([true, "x"])) }
                == "[1]: expected a boolean, found a string")
    }
}
