import EthereumCore
import Foundation
import StrictJSON
import Testing

@testable import EthereumRPC

/// Requests and answers of ethereum/execution-apis: our requests are theirs byte by byte, and their answers decode.
@Suite struct VectorTests {
    struct Exchange {
        let file: String
        let request: String
        let answer: String
    }

    private func exchanges() throws -> [Exchange] {
        guard let folder = vectorsFolder else { return [] }
        let root = folder + "/rpc"
        var found: [Exchange] = []
        for method in try FileManager.default.contentsOfDirectory(atPath: root).sorted() {
            for file in try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(method)").sorted() {
                let lines = try String(contentsOfFile: "\(root)/\(method)/\(file)", encoding: .utf8)
                    .split(separator: "\n")
                let requests = lines.filter { $0.hasPrefix(">> ") }.map { String($0.dropFirst(3)) }
                let answers = lines.filter { $0.hasPrefix("<< ") }.map { String($0.dropFirst(3)) }
                for (request, answer) in zip(requests, answers) {
                    found.append(Exchange(file: "\(method)/\(file)", request: request, answer: answer))
                }
            }
        }
        return found
    }

    @Test(.enabled(if: vectorsFolder != nil, "no test vectors: set ORAKEY_VECTORS to their folder"))
    func requestsAndAnswersOfTheSpecification() throws {
        var compared = 0
        var decoded = 0
        var errors = 0
        for exchange in try exchanges() {
            let request = try JSON.parse(text: exchange.request)
            let id: UInt64 = try #require(request["id"]?.numberValue?.integer())
            let results = try Wire.results(
                Array(exchange.answer.utf8), count: 1, firstID: id, maxBytes: exchange.answer.utf8.count)
            guard let known = try KnownMethod(request) else { continue }
            if known.isReproducible {
                #expect(Wire.request(known.call, id: id).text == exchange.request, "\(exchange.file)")
                compared += 1
            }
            switch results[0] {
            case .success(let result):
                do {
                    try known.decode(result)
                    decoded += 1
                } catch {
                    Issue.record("\(exchange.file): \(error)")
                }
            case .failure(let error):
                #expect(error.serverClass != .other, "\(exchange.file)")
                errors += 1
            }
        }
        #expect(compared >= 50)
        #expect(decoded >= 50)
        #expect(errors == 7)
    }
}

/// A request of the vectors, built anew with our types.
private struct KnownMethod {
    let call: RPCCall
    /// False where the vector says the same in other words than we do.
    let isReproducible: Bool
    let decode: (JSON) throws -> Void

    private init<T>(_ method: RPCMethod<T>, isReproducible: Bool = true) {
        call = method.call
        self.isReproducible = isReproducible
        decode = { _ = try method.decode($0) }
    }

    init?(_ request: JSON) throws {
        let params = request["params"]?.arrayValue ?? []
        func text(_ index: Int) throws -> String {
            try #require(params.indices.contains(index) ? params[index].stringValue : nil)
        }
        func block(_ index: Int) throws -> BlockID? {
            params.indices.contains(index) ? try BlockID(vector: params[index]) : nil
        }
        // We write EIP-1898 objects where the vectors give a bare hash.
        func isBareHash(_ index: Int) -> Bool {
            params.indices.contains(index) && params[index].stringValue?.utf8.count == 66
        }
        switch request["method"]?.stringValue {
        case "eth_chainId": self.init(.chainID)
        case "eth_blockNumber": self.init(.blockNumber)
        case "net_version": self.init(.networkVersion)
        case "eth_syncing": self.init(.syncing)
        case "eth_getBalance":
            self.init(.balance(try Address(text(0)), try block(1)), isReproducible: !isBareHash(1))
        case "eth_getCode": self.init(.code(try Address(text(0)), try block(1)), isReproducible: !isBareHash(1))
        case "eth_getTransactionCount":
            self.init(.transactionCount(try Address(text(0)), try block(1)), isReproducible: !isBareHash(1))
        case "eth_getBlockByHash", "eth_getBlockByNumber":
            self.init(.block(try #require(try block(0)), fullTransactions: params[1] == true))
        case "eth_getBlockReceipts": self.init(.blockReceipts(try #require(try block(0))))
        case "eth_getTransactionByHash": self.init(.transaction(try Bytes32(hex: text(0))))
        case "eth_getTransactionReceipt": self.init(.receipt(try Bytes32(hex: text(0))))
        case "eth_sendRawTransaction": self.init(.sendRawTransaction(try Hex.decode(text(0))))
        case "eth_feeHistory":
            self.init(
                .feeHistory(
                    try UInt64(hexQuantity: text(0)), newest: try #require(try block(1)),
                    percentiles: try #require(params[2].arrayValue).compactMap { $0.numberValue?.double }))
        case "eth_getLogs":
            let filter = try LogFilter(vector: params[0])
            // An empty list and null both mean any topic; a filter of both kinds of block cannot be written.
            self.init(.logs(filter), isReproducible: filter.json == params[0])
        case "eth_call":
            let call = try CallRequest(vector: params[0])
            self.init(.call(call, try block(1)), isReproducible: call.json == params[0])
        case "eth_estimateGas":
            let call = try CallRequest(vector: params[0])
            self.init(.estimateGas(call, try block(1)), isReproducible: call.json == params[0])
        default: return nil
        }
    }
}

extension BlockID {
    init(vector json: JSON) throws {
        switch try #require(json.stringValue) {
        case "latest": self = .latest
        case "pending": self = .pending
        case "safe": self = .safe
        case "finalized": self = .finalized
        case "earliest": self = .earliest
        case let text where text.utf8.count == 66: self = .hash(try Bytes32(hex: text))
        case let text: self = .number(try UInt64(hexQuantity: text))
        }
    }
}

extension LogFilter {
    init(vector json: JSON) throws {
        let addresses = try (json["address"]?.arrayValue ?? []).map { try Address(#require($0.stringValue)) }
        let topics = try (json["topics"]?.arrayValue ?? []).map { position in
            try (position.arrayValue ?? []).map { try Bytes32(hex: #require($0.stringValue)) }
        }
        if let hash = json["blockHash"]?.stringValue {
            self.init(blockHash: try Bytes32(hex: hash), addresses: addresses, topics: topics)
        } else {
            self.init(
                fromBlock: try json["fromBlock"].map { try BlockID(vector: $0) },
                toBlock: try json["toBlock"].map { try BlockID(vector: $0) }, addresses: addresses, topics: topics)
        }
    }
}

extension CallRequest {
    init(vector json: JSON) throws {
        func quantity(_ key: String) throws -> UInt256? {
            try json[key]?.stringValue.map { try UInt256(hexQuantity: $0) }
        }
        func small(_ key: String) throws -> UInt64? { try json[key]?.stringValue.map { try UInt64(hexQuantity: $0) } }
        self.init(
            from: try json["from"]?.stringValue.map { try Address($0) },
            to: try json["to"]?.stringValue.map { try Address($0) },
            data: try json["input"]?.stringValue.map { try Hex.decode($0) } ?? [], value: try quantity("value"),
            gas: try small("gas"), gasPrice: try quantity("gasPrice"), maxFeePerGas: try quantity("maxFeePerGas"),
            maxPriorityFeePerGas: try quantity("maxPriorityFeePerGas"), nonce: try small("nonce"))
    }
}
