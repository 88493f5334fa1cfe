import EthereumCore
import Fuzzing
import StrictJSON
import Testing

@testable import EthereumRPC

@Suite struct WireTests {
    private func results(_ text: String, count: Int = 1) throws(RPCError) -> [Result<JSON, RPCError>] {
        try Wire.results(Array(text.utf8), count: count, firstID: 7, maxBytes: 1 << 20)
    }

    @Test(arguments: [
        "", "null", "[]", "1", "\"x\"", "{", "{}", "{\"jsonrpc\":\"2.0\"}", "{\"jsonrpc\":\"2.0\",\"id\":7}",
        "{\"jsonrpc\":\"1.0\",\"id\":7,\"result\":1}", "{\"id\":7,\"result\":1}",
        "{\"jsonrpc\":\"2.0\",\"id\":8,\"result\":1}", "{\"jsonrpc\":\"2.0\",\"id\":\"7\",\"result\":1}",
        "{\"jsonrpc\":\"2.0\",\"id\":7.0,\"result\":1}", "{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":1}",
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":1,\"error\":{\"code\":1,\"message\":\"\"}}",
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":\"no\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":\"1\",\"message\":\"\"}}",
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":1,\"result\":2}", "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":1} x",
        "[{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":1}]",
    ])
    func refusesWhatIsNoAnswerToTheRequest(text: String) {
        #expect { try results(text) } throws: {
            if case .invalidAnswer = ($0 as? RPCError)?.kind { true } else { false }
        }
    }

    @Test func takesResultsAndErrors() throws {
        #expect(try results("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":null}")[0] == .success(.null))
        #expect(try results("{\"result\":{\"a\":1},\"id\":7,\"jsonrpc\":\"2.0\",\"error\":null,\"x\":1}")[0].isSuccess)
        let anonymous = try results(
            "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"parse error\"}}")
        #expect(anonymous[0].error?.serverClass == .invalidRequest)
    }

    @Test func matchesBatchesInAnyOrder() throws {
        func answer(_ id: Int) -> String { "{\"jsonrpc\":\"2.0\",\"id\":\(id),\"result\":\(id)}" }
        let shuffled = try results("[\(answer(9)),\(answer(7)),\(answer(8))]", count: 3)
        #expect(shuffled == [.success(7), .success(8), .success(9)])
        for broken in [
            "[\(answer(7)),\(answer(8))]", "[\(answer(7)),\(answer(8)),\(answer(8))]",
            "[\(answer(7)),\(answer(8)),\(answer(10))]", "[\(answer(7)),\(answer(8)),\(answer(9)),\(answer(10))]",
            "[\(answer(7)),\(answer(8)),\(answer(6))]", answer(7), "[]",
        ] {
            #expect(throws: RPCError.self, "\(broken)") { try results(broken, count: 3) }
        }
    }

    @Test func deepNestingIsAnErrorAndNotACrash() {
        for text in [
            String(repeating: "[", count: 100_000), String(repeating: "{\"a\":", count: 100_000),
            "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":" + String(repeating: "[", count: 40)
                + String(repeating: "]", count: 40) + "}",
        ] {
            #expect(throws: RPCError.self) { try results(text) }
        }
    }

    @Test(arguments: [
        "\"0x08c379a0\"", "\"Reverted 0x08c379a0\"", "{\"message\":\"x\",\"data\":\"0x08c379a0\"}",
        "{\"data\":{\"data\":\"0x00\"}}",
    ])
    func findsRevertDataWhereverClientsPutIt(data: String) throws {
        let error = try results(
            "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":3,\"message\":\"execution reverted\",\"data\":\(data)}}")[
                0
            ].error
        #expect(error?.serverClass == .reverted)
        #expect(error?.revertData == (data.contains("08c379a0") ? [0x08, 0xC3, 0x79, 0xA0] : []))
    }

    @Test func anEndpointsWordsStayOnOneLineAndShort() throws {
        let message = "bad\\u001b[31m\\n\\u202e" + String(repeating: "x", count: 5000)
        let error = try results("{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-1,\"message\":\"\(message)\"}}")[0]
            .error
        let text = try #require(error.map { "\($0)" })
        #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x202E })
        #expect(text.count < 400)
    }

    /// No answer, however broken, may crash the parser or pass for a result of another request.
    @Test func survivesMutatedAnswers() throws {
        var generator = Randomness(seed: announcedSeed("JSON-RPC fuzz"))
        let seeds = [
            "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"number\":\"0x1\",\"logs\":[{\"address\":null}]}}",
            "[{\"jsonrpc\":\"2.0\",\"id\":8,\"result\":1},{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":3,\"message\":\"execution reverted\",\"data\":\"0x00\"}}]",
        ].map { Array($0.utf8) }
        for round in 0..<fuzzRounds {
            var bytes = seeds[round % 2]
            for _ in 0..<Int(1 + generator.next() % 4) {
                let index = Int(generator.next() % UInt64(bytes.count))
                switch generator.next() % 4 {
                case 0: bytes[index] = UInt8(truncatingIfNeeded: generator.next())
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(bytes[Int(generator.next() % UInt64(bytes.count))], at: index)
                default: bytes.removeSubrange(index..<min(bytes.count, index + 5))
                }
                if bytes.isEmpty { bytes = [0x30] }
            }
            let count = 1 + round % 2
            guard let found = try? Wire.results(bytes, count: count, firstID: 7, maxBytes: 4096) else { continue }
            // Whatever is taken has one answer with the id of each request; only a single error may have none.
            let json = try JSON.parse(bytes)
            let answers = json.arrayValue ?? [json]
            let ids = answers.map { $0["id"]?.numberValue?.literal }
            let isAnonymous = count == 1 && !found[0].isSuccess && (answers[0]["id"] ?? .null).isNull
            #expect(found.count == count)
            #expect(
                Set(ids) == (count == 1 ? ["7"] : ["7", "8"]) || isAnonymous,
                "\(String(decoding: bytes, as: UTF8.self))")
        }
    }
}

extension Result {
    var isSuccess: Bool { if case .success = self { true } else { false } }
    var error: Failure? { if case .failure(let error) = self { error } else { nil } }
}
