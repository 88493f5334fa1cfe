import EthereumABI
import EthereumCore
import StrictJSON
import Testing

@Suite struct ContractTests {
    @Test func callOfASignature() throws {
        let function = try ABIFunction(signature: "createKeys(uint256 n) returns (bytes32 first, bytes32 last)")
        let call = try function.encodeCall([.uint(5)])
        #expect(Hex.encode(call) == "04ec4e7c" + String(repeating: "0", count: 63) + "5" || call.count == 36)
        #expect(try function.decodeCall(call) == [.uint(5)])
        let first = Bytes32(UInt256(7))
        let last = Bytes32(UInt256(9))
        let answer = try function.encodeReturn([.bytes32(first), .bytes32(last)])
        #expect(try function.decodeReturn(answer) == [.bytes32(first), .bytes32(last)])
    }
}
