import EthereumCore
import StrictJSON
import Testing

@Suite(.enabled(if: Vectors.arePresent)) struct RLPVectorTests {
    /// Strings stand for their UTF-8, strings behind `#` and numbers for integers.
    private func item(_ json: JSON) throws -> RLPItem {
        switch json {
        case .array(let values): return .list(try values.map(item))
        case .number(let number): return .uint(try UInt256(decimal: number.literal))
        case .string(let text) where text.hasPrefix("#"): return .uint(try UInt256(decimal: text.dropFirst()))
        case .string(let text): return .bytes(Array(text.utf8))
        default: throw JSONError(.invalidValue("not an RLP vector"))
        }
    }

    @Test func valid() throws {
        let tests = try #require(try Vectors.json("rlp/rlptest.json").objectValue)
        #expect(tests.count > 20)
        for (name, test) in tests {
            let expected = try Hex.decode(try #require(test["out"]?.stringValue), prefix: .optional)
            let decoded = try RLP.decode(expected)
            #expect(RLP.encode(decoded) == expected, "\(name)")
            do {
                let item = try item(try #require(test["in"]))
                #expect(decoded == item, "\(name)")
                #expect(RLP.encode(item) == expected, "\(name)")
            } catch NumberError.tooLarge {
                // More than 256 bits: no integer of ours, the bytes above must do.
            }
        }
    }

    @Test func invalid() throws {
        let tests = try #require(try Vectors.json("rlp/invalidRLPTest.json").objectValue)
        #expect(tests.count > 20)
        for (name, test) in tests {
            let bytes = try Hex.decode(try #require(test["out"]?.stringValue), prefix: .optional)
            #expect(throws: RLPError.self, "\(name)") { try RLP.decode(bytes) }
        }
    }

    @Test func ethers() throws {
        func item(_ json: JSON) throws -> RLPItem {
            if let values = json.arrayValue { return .list(try values.map(item)) }
            return .bytes(try Hex.decode(try #require(json.stringValue)))
        }
        let tests = try #require(try Vectors.json("rlp.json.gz").arrayValue)
        #expect(tests.count > 50)
        for test in tests {
            let bytes = try Hex.decode(try #require(test["encoded"]?.stringValue))
            let item = try item(try #require(test["decoded"]))
            #expect(RLP.encode(item) == bytes)
            #expect(try RLP.decode(bytes) == item)
        }
    }
}
