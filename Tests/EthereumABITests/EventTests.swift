import EthereumABI
import EthereumCore
import Testing

@Suite struct EventTests {
    let owner: Address
    let message = Bytes32(UInt256(77))

    init() throws { owner = try Address("0xcd2a3d9f938e13cd947ec05abc7fe734df8dd826") }

    @Test func indexedWords() throws {
        let event = try ABIEvent(signature: "KeyCreated(address indexed owner, bytes32 indexed message)")
        let topics = [event.topic0, owner.word, message]
        #expect(try event.decodeLog(topics: topics, data: []) == [.address(owner), .bytes32(message)])
        let record = try event.record(topics: topics, data: [])
        #expect(try record.get("owner", as: Address.self) == owner)
        #expect(try record.get("message", as: Bytes32.self) == message)
        #expect(errorCode { _ = try record.get("nobody", as: Bool.self) } == .notFound)
        #expect(errorCode { _ = try record.get("owner", as: Bool.self) } == .typeMismatch)
        let log = try event.encodeLog([.address(owner), .bytes32(message)])
        #expect(log.topics == topics)
        #expect(log.data.isEmpty)

        #expect(
            errorCode {
                _ = try event.decodeLog(topics: [event.topic0, owner.word], data: [])
            } == .wrongCount)
        #expect(errorCode { _ = try event.decodeLog(topics: [], data: []) } == .wrongSelector)
        #expect(
            errorText {
                _ = try event.decodeLog(topics: [event.topic0, Bytes32(UInt256.max), message], data: [])
            }.hasPrefix("KeyCreated.owner: "))
    }

    /// Contract ABI Specification, "Encoding of Indexed Event Parameters".
    @Test func indexedDynamicTypesAreHashes() throws {
        let event = try ABIEvent(
            signature: "E(string indexed s, bytes b, (uint8,bytes) indexed t, uint16[2] indexed a)")
        let tuple = ABIValue.tuple([.uint(1), .bytes([0xaa])])
        let array = ABIValue.array([.uint(3), .uint(4)])
        let log = try event.encodeLog(["abc", .bytes([9]), tuple, array])
        let hashes = [
            Keccak256.hash(Array("abc".utf8)),
            Keccak256.hash(try words("1") + hex("aa" + String(repeating: "00", count: 31))),
            Keccak256.hash(try words("3", "4")),
        ]
        #expect(log.topics == [event.topic0] + hashes)
        #expect(log.data == (try words("20", "1") + hex("09" + String(repeating: "00", count: 31))))
        let decoded = try event.decodeLog(topics: log.topics, data: log.data)
        #expect(decoded == [.topicHash(hashes[0]), .bytes([9]), .topicHash(hashes[1]), .topicHash(hashes[2])])
        #expect(try event.encodeLog(decoded).topics == log.topics)
        #expect(
            errorText {
                _ = try event.decodeLog(topics: log.topics, data: words("20", "ff"))
            }.hasPrefix("E.b: "))
    }

    @Test func filters() throws {
        let event = try ABIEvent(signature: "E(address indexed a, string indexed s, bool indexed b)")
        #expect(try event.encodeTopics() == [[event.topic0]])
        #expect(try event.encodeTopics([.any, .any]) == [[event.topic0]])
        #expect(
            try event.encodeTopics([.any, .equal("x"), .oneOf([true, false])])
                == [[event.topic0], nil, [Keccak256.hash([0x78])], [Bytes32(UInt256(1)), .zero]])
        #expect(
            errorText { _ = try event.encodeTopics([.equal("x")]) }
                == "E.a: expected address, got a string")
        #expect(
            errorCode {
                _ = try event.encodeTopics([.any, .any, .any, .any])
            } == .wrongCount)
    }

    @Test func anonymousEvents() throws {
        let event = try ABIEvent(signature: "A(uint8 indexed a, uint8 b) anonymous")
        #expect(event.topicCount == 1)
        let topic = Bytes32(UInt256(7))
        #expect(try event.decodeLog(topics: [topic], data: words("8")) == [.uint(7), .uint(8)])
        let contract = try ContractABI(events: [event])
        #expect(contract.event(topics: [topic]) == nil)
        #expect(try event.encodeTopics([.equal(.uint(7))]) == [[topic]])
    }
}
