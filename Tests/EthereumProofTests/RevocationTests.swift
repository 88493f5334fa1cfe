import EthereumCore
import EthereumProof
import StrictJSON
import Testing

@Suite struct RevocationTests {
    @Test func everyRevocationOfTheBlockIsProven() throws {
        let block = try DevBlock()
        let keys = try block.disabled
        #expect(keys.count > 30)
        let expectation = RevocationExpectation(
            chainID: try block.chainID, contract: try block.contract, owner: try block.owner,
            canonicalHash: try block.block.member("hash").bytes32())
        for key in keys {
            let proof = try block.proof(of: key)
            let back = try RevocationProof(text: Array(proof.json.pretty().utf8))
            #expect(back == proof)
            let report = try back.verify(expecting: expectation)
            #expect(report.proof.message == key.message)
            #expect(report.proof.messageNamesDeployment)
        }
        // One transaction disabled many: the same receipt, different logs.
        let batches = Dictionary(grouping: keys) { $0.transaction }.values
        let batch = try #require(batches.first { $0.count > 10 })
        #expect(Set(try batch.map { try block.proof(of: $0).logIndex }).count == batch.count)
    }

    @Test func theReportSaysWhatIsProvenAndWhatIsNot() throws {
        let block = try DevBlock()
        let proof = try block.proof()
        let report = try proof.verify()
        #expect(report.proven.count == 4)
        #expect(report.proven[0].contains(proof.blockHash.hex))
        #expect(report.proven[2].contains("KeyDisabled(address,bytes32)"))
        #expect(report.notProven.count == 3)
        #expect(report.notProven[0].contains("canonical"))
        #expect(report.notProven[1].contains("chain id"))
        #expect(report.notProven[2].contains(proof.contract.checksummed))
        #expect(try UInt64(hexQuantity: block.block.member("timestamp").stringValue ?? "") == report.timestamp)
        let more = RevocationExpectation(contract: proof.contract, canonicalHash: proof.blockHash)
        #expect(try proof.verify(expecting: more).notProven.count == 1)
        #expect(try report.json.member("proven").elements().count == 4)
        #expect(try report.json.member("not_proven").elements().count == 3)
    }

    @Test func aSoundProofOfSomethingElseIsRefused() throws {
        let proof = try DevBlock().proof()
        let other = try Address("0x00000000000000000000000000000000000000aa")
        let renamed = try RevocationEvent(signature: "Gone(address,bytes32)", owner: .topic(1), message: .topic(2))
        for expectation in [
            RevocationExpectation(event: renamed), .init(chainID: 1), .init(contract: other), .init(owner: other),
            .init(message: .zero), .init(canonicalHash: .zero),
        ] { #expect(code { try proof.verify(expecting: expectation) } == .notAsExpected) }
    }

    @Test func noProofIsMadeFromAnswersThatDisagree() throws {
        let block = try DevBlock()
        let key = try block.disabled[3]
        func make(
            owner: Address? = nil, message: Bytes32? = nil, transaction: Bytes32? = nil, header: JSON? = nil,
            receipts: JSON? = nil, event: RevocationEvent = .keyDisabled, network: String = "DEV"
        ) throws -> RevocationProof {
            try RevocationProof(
                network: network, chainID: try block.chainID, contract: try block.contract,
                owner: try owner ?? block.owner, message: message ?? key.message, event: event,
                transaction: transaction ?? key.transaction, block: try header ?? block.block,
                receipts: try receipts ?? block.receipts)
        }
        #expect(code { try make() } == nil)
        #expect(code { try make(owner: .zero) } == .noEvent)
        #expect(code { try make(message: .zero) } == .noEvent)
        #expect(code { try make(message: block.disabled[4].message) } == .noEvent)
        #expect(code { try make(transaction: .zero) } == .wrongReceipt)
        #expect(code { try make(network: "lower") } == .malformed)
        #expect(code { try make(header: .null) } == .malformed)
        #expect(code { try make(receipts: []) } == .wrongHeader)
        let elements = try block.receipts.elements()
        #expect(code { try make(receipts: .array(Array(elements.dropLast()))) } == .wrongReceiptsRoot)
        let lied = try elements[0].with([("cumulativeGasUsed", "0x1")])
        #expect(code { try make(receipts: .array([lied] + elements.dropFirst())) } == .wrongReceiptsRoot)
        let moved = try elements.map { try $0.with([("blockHash", .string(Bytes32.zero.hex))]) }
        #expect(code { try make(receipts: .array(moved)) } == .wrongHeader)
        let created = try RevocationEvent(
            signature: "KeyCreated(address,bytes32)", owner: .topic(1), message: .topic(2))
        #expect(code { try make(event: created) } == .noEvent)
    }

    @Test func theJSONFormIsExact() throws {
        let json = try DevBlock().proof().json
        for (key, _) in try #require(json.objectValue) {
            for value: JSON? in [nil, .some(.null), .some([:]), .some("x"), .some(-1)] {
                #expect(code { try RevocationProof(json: try json.with([(key, value)])) } == .malformed, "\(key)")
            }
        }
        let unusual: [(String, JSON)] = [
            ("version", 2), ("version", 0), ("extra", 1), ("network", "dev"), ("network", ""), ("chain_id", 0),
            ("log_index", .number(try JSONNumber(literal: "-0"))), ("chain_id", "31337"),
            ("contract", .string(try json.member("contract").address().lowercaseHex)),
            ("block_hash", .string(try #require(json["block_hash"]?.stringValue).uppercased())),
            ("event", ["signature": "KeyDisabled(address,bytes32)", "owner": "topics[0]", "message": "topics[2]"]),
            ("event", ["signature": "KeyDisabled(address,bytes32)", "owner": "topics[1]", "message": "topics[1]"]),
            ("event", ["signature": "Key Disabled()", "owner": "topics[1]", "message": "topics[2]"]),
            ("event", ["signature": "KeyDisabled", "owner": "topics[1]", "message": "topics[2]"]),
            ("receipt_nodes", ["0x1"]), ("receipt_nodes", [1]),
            ("receipt_nodes", .array([JSON](repeating: "0x", count: TrieProof.maxNodes + 1))),
        ]
        for change in unusual {
            #expect(code { try RevocationProof(json: try json.with([change])) } == .malformed, "\(change)")
        }
        #expect(code { try RevocationProof(text: Array("[]".utf8)) } == .malformed)
        #expect(code { try RevocationProof(text: []) } == .malformed)
        let large = [UInt8](repeating: 0x20, count: RevocationProof.maxTextBytes + 1)
        #expect(code { try RevocationProof(text: large) } == .tooLarge)
    }

    @Test func messagesOfOtherDeploymentsAreNotAttributed() throws {
        let json = try DevBlock().proof().json
        let elsewhere = try RevocationProof(json: try json.with([("chain_id", 1)]))
        #expect(!elsewhere.messageNamesDeployment)
        #expect(try elsewhere.verify().proven.count == 3)
    }

    @Test func eventsWithArgumentsInTheData() throws {
        let contract = try Address("0x00000000000000000000000000000000000000aa")
        let owner = try Address("0x00000000000000000000000000000000000000bb")
        let message = try Bytes32(bytes: [UInt8](repeating: 7, count: 32))
        let event = try RevocationEvent(signature: "Gone(uint8,address,bytes32)", owner: .data(1), message: .data(0))
        func log(_ data: [UInt8], topics: [Bytes32]? = nil, address: Address? = nil) throws -> ConsensusLog {
            try ConsensusLog(address: address ?? contract, topics: topics ?? [event.topic0], data: data)
        }
        func isIn(_ log: ConsensusLog) -> Bool { event.isIn(log, contract: contract, owner: owner, message: message) }
        let words = message.bytes + owner.word.bytes
        #expect(isIn(try log(words)))
        #expect(isIn(try log(words + [1])))
        #expect(!isIn(try log(words.dropLast())))
        #expect(!isIn(try log([])))
        #expect(!isIn(try log(owner.word.bytes + message.bytes)))
        #expect(!isIn(try log(message.bytes + [1] + owner.word.bytes.dropFirst())), "a dirty address")
        #expect(!isIn(try log(words, topics: [])))
        #expect(!isIn(try log(words, topics: [message])))
        #expect(!isIn(try log(words, address: owner)))
        #expect(code { try RevocationEvent(signature: "f()", owner: .topic(0), message: .topic(1)) } == .malformed)
        #expect(code { try RevocationEvent(signature: "f()", owner: .topic(4), message: .topic(1)) } == .malformed)
        #expect(code { try RevocationEvent(signature: "f()", owner: .data(-1), message: .topic(1)) } == .malformed)
        #expect(code { try RevocationEvent(signature: "f()", owner: .data(64), message: .topic(1)) } == .malformed)
    }

    /// keccak256("KeyDisabled(address,bytes32)"), as the contract's own logs begin.
    @Test func theEventsTopicIsTheContracts() throws {
        let block = try DevBlock()
        let proof = try block.proof()
        let receipt = try ConsensusReceipt(decoding: proof.receipt)
        #expect(
            receipt.logs[proof.logIndex].topics == [
                RevocationEvent.keyDisabled.topic0, proof.owner.word, proof.message,
            ])
    }
}
