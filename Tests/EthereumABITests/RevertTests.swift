import EthereumABI
import EthereumCore
import Testing

@Suite struct RevertTests {
    @Test func messages() throws {
        let data = try hex("08c379a0") + words("20", "1a") + padded("Not enough Ether provided.")
        #expect(ABIRevertReason(decoding: data) == .message("Not enough Ether provided."))
        #expect(ABIRevertReason(decoding: data).description == "reverted: Not enough Ether provided.")
        #expect(ABIRevertReason.decode([]) == .empty)
    }

    @Test func hostileTextIsEscaped() throws {
        let text = "ok\n2026 level=info \u{1b}[2J \u{202e}evil"
        let codec = try ABICodec([.string])
        let data = try codec.encode([.string(text)], selector: ABISelector(rawValue: 0x08c3_79a0))
        let shown = ABIRevertReason(decoding: data).description
        #expect(shown == "reverted: ok\\u{a}2026 level=info \\u{1b}[2J \\u{202e}evil")
        let long = try codec.encode(
            [.string(String(repeating: "x", count: 5000))], selector: ABISelector(rawValue: 0x08c3_79a0))
        #expect(ABIRevertReason(decoding: long).description.utf8.count < 1100)
    }

    @Test(arguments: [
        (0x00, "panic 0x00 (generic compiler panic)"), (0x01, "panic 0x01 (assertion failed)"),
        (0x11, "panic 0x11 (arithmetic overflow or underflow)"), (0x12, "panic 0x12 (division or modulo by zero)"),
        (0x21, "panic 0x21 (value out of range for an enum)"),
        (0x22, "panic 0x22 (incorrectly encoded storage byte array)"),
        (0x31, "panic 0x31 (pop on an empty array)"), (0x32, "panic 0x32 (array index out of bounds)"),
        (0x41, "panic 0x41 (too much memory allocated, or array too large)"),
        (0x51, "panic 0x51 (call of an uninitialised internal function)"), (0x99, "panic 0x99 (unassigned code)"),
    ])
    func panics(code: UInt64, text: String) throws {
        let data = try hex("4e487b71") + Bytes32(UInt256(code)).bytes
        #expect(ABIRevertReason(decoding: data) == .panic(ABIPanic(code: UInt256(code))))
        #expect(ABIRevertReason(decoding: data).description == "reverted: " + text)
    }

    @Test func customAndUnknown() throws {
        let contract = try ContractABI(errors: [
            try ABIErrorDefinition(signature: "error NotOwner(address caller, bytes32[])")
        ])
        let definition = try contract.error("NotOwner")
        let data = try definition.encode([.address(.zero), .array([.bytes32(.zero)])])
        #expect(
            ABIRevertReason(decoding: data, contract: contract)
                == .custom(definition, [.address(.zero), .array([.bytes32(.zero)])]))
        #expect(ABIRevertReason(decoding: data) == .unknown(data))
        #expect(ABIRevertReason(decoding: [1, 2]) == .unknown([1, 2]))
        #expect(ABIRevertReason(decoding: [1, 2]).description == "reverted with unknown data 0x0102")
        let cut = Array(data.dropLast())
        guard case .malformed(let selector, let reason) = ABIRevertReason(decoding: cut, contract: contract) else {
            Issue.record("truncated data decoded")
            return
        }
        #expect(selector == definition.selector)
        #expect(reason.code == .badLength)
        #expect(ABIRevertReason(decoding: try hex("08c379a0") + words("20", "1") + [0x61]) == .message("a"))
        guard case .malformed = ABIRevertReason(decoding: try hex("08c379a0") + words("20", "ff")) else {
            Issue.record("a bad length decoded")
            return
        }
    }
}
