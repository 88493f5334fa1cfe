import EthereumCore
import StrictJSON
import Testing

/// ethereum/tests TransactionTests: each file says for each fork whether the raw bytes are a valid transaction of chain 1.
@Suite(.enabled(if: Vectors.arePresent)) struct TransactionVectorTests {
    private static let forks: [(String, Fork)] = [
        ("Frontier", .frontier), ("Homestead", .homestead), ("EIP150", .tangerineWhistle), ("EIP158", .spuriousDragon),
        ("Byzantium", .byzantium), ("Constantinople", .constantinople), ("ConstantinopleFix", .constantinople),
        ("Istanbul", .istanbul), ("Berlin", .berlin), ("London", .london), ("Paris", .paris), ("Shanghai", .shanghai),
        ("Cancun", .cancun),
    ]

    @Test func everyFileAndFork() throws {
        let files = try Vectors.files(under: "transactions")
        #expect(files.count >= 200)
        for file in files {
            for (name, test) in try #require(try Vectors.json(file).objectValue) {
                try check(test, "\(file) \(name)")
            }
        }
    }

    private func check(_ test: JSON, _ label: String) throws {
        let raw = try Hex.decode(try #require(test["txbytes"]?.stringValue))
        let decoded = try? SignedTransaction(decoding: raw)
        if let decoded { #expect(decoded.raw == raw, "\(label): re-encodes differently") }
        for (name, fork) in Self.forks {
            guard let result = test["result"]?[name] else { continue }
            let issues = decoded?.issues(fork: fork, chainID: 1)
            guard result["exception"] == nil else {
                #expect(issues != [], "\(label): accepted at \(name)")
                continue
            }
            #expect(issues == [], "\(label): refused at \(name)")
            #expect(decoded?.hash.hex == result["hash"]?.stringValue, "\(label)")
            #expect(try decoded?.sender().lowercaseHex == result["sender"]?.stringValue, "\(label)")
            let gas = decoded?.transaction.intrinsicGas(fork: fork)
            let expected = try #require(result["intrinsicGas"]?.stringValue)
            // The file pads quantities to whole bytes.
            #expect(gas == UInt64(expected.dropFirst(2), radix: 16), "\(label): intrinsic gas at \(name)")
        }
    }

    @Test func oldSignedTransactions() throws {
        for test in try #require(try Vectors.json("txtest.json").arrayValue) {
            let raw = try Hex.decode(try #require(test["signed"]?.stringValue), prefix: .absent)
            let key = try Hex.decode(try #require(test["key"]?.stringValue), prefix: .absent)
            let signed = try SignedTransaction(decoding: raw)
            let owner = key.withUnsafeBytes { Secp256k1.publicKey(privateKey: $0) }?.address
            #expect(try signed.sender() == owner)
            #expect(signed.transaction.nonce == test["nonce"]?.numberValue?.integer())
            #expect(signed.transaction.gasLimit == test["startgas"]?.numberValue?.integer())
            #expect(signed.transaction.value.description == test["value"]?.numberValue?.literal)
            #expect(Hex.encode(signed.transaction.data) == test["data"]?.stringValue)
            #expect(signed.transaction.to.map { Hex.encode($0.bytes) } ?? "" == test["to"]?.stringValue)
        }
    }
}
