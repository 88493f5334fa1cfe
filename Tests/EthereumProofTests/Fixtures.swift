import EthereumCore
import EthereumProof
import Foundation
import StrictJSON
import Testing

/// The files beside the tests, made by `Fixtures/generate.py`, and the public vectors outside the package.
enum Fixtures {
    private static let tests = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()

    static func json(_ name: String) throws -> JSON { try #require(files[name]) }

    /// Parsed once: a debug build takes its time for that.
    private static let files: [String: JSON] = {
        var files: [String: JSON] = [:]
        for name in ["block.json", "mixed.json", "tries.json"] {
            let data = try? Data(contentsOf: tests.appendingPathComponent("Fixtures/\(name)"))
            files[name] = data.flatMap { try? JSON.parse([UInt8]($0)) }
        }
        return files
    }()

    /// The folder of public vectors beside the package, or in ORAKEY_VECTORS.
    static let vectors: URL? = {
        if let path = ProcessInfo.processInfo.environment["ORAKEY_VECTORS"] { return URL(fileURLWithPath: path) }
        let root = tests.deletingLastPathComponent().deletingLastPathComponent()
        let folder = root.appendingPathComponent("../shared/vectors").standardizedFileURL
        guard FileManager.default.fileExists(atPath: folder.path) else {
            print("SKIPPED: no test vectors at \(folder.path); set ORAKEY_VECTORS")
            return nil
        }
        return folder
    }()

    /// The results of a folder of execution-apis exchanges, by file name.
    static func results(_ method: String) throws -> [(file: String, result: JSON)] {
        let folder = try #require(vectors).appendingPathComponent("rpc/\(method)")
        var results: [(file: String, result: JSON)] = []
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() {
            let text = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
            for line in text.split(separator: "\n") where line.hasPrefix("<< ") {
                guard let result = try JSON.parse(text: String(line.dropFirst(3)))["result"] else { continue }
                results.append((file, result))
            }
        }
        return results
    }
}

extension JSON {
    func hexBytes() throws -> [UInt8] { try Hex.decode(try #require(stringValue)) }
    func bytes32() throws -> Bytes32 { try Bytes32(hex: try #require(stringValue)) }
    func address() throws -> Address { try Address(try #require(stringValue)) }
    func elements() throws -> [JSON] { try #require(arrayValue) }
    func member(_ key: String) throws -> JSON { try #require(self[key]) }

    /// This object with some members replaced.
    func with(_ changes: [(String, JSON?)]) throws -> JSON {
        var object = try #require(objectValue)
        for (key, value) in changes { object[key] = value }
        return .object(object)
    }
}

/// The block of the dev chain, and proofs of the revocations in it.
struct DevBlock {
    let fixture: JSON

    init() throws { fixture = try Fixtures.json("block.json") }

    var chainID: UInt64 { get throws { try #require(try fixture.member("chainId").numberValue?.integer()) } }
    var contract: Address { get throws { try fixture.member("contract").address() } }
    var owner: Address { get throws { try fixture.member("owner").address() } }
    var block: JSON { get throws { try fixture.member("block") } }
    var receipts: JSON { get throws { try fixture.member("receipts") } }

    /// Transaction and message of each disabled key.
    var disabled: [(transaction: Bytes32, message: Bytes32)] {
        get throws {
            try fixture.member("disables").elements().flatMap { disable in
                let transaction = try disable.member("transaction").bytes32()
                return try disable.member("messages").elements().map { (transaction, try $0.bytes32()) }
            }
        }
    }

    func proof(of key: (transaction: Bytes32, message: Bytes32)) throws -> RevocationProof {
        try RevocationProof(
            network: "DEV", chainID: chainID, contract: contract, owner: owner, message: key.message,
            transaction: key.transaction, header: try BlockHeader(json: block), receipts: try Self.read.get())
    }

    private static let read = Result { try BlockReceipts(json: try DevBlock().receipts) }

    /// The proof of the key with this number among the disabled.
    func proof(_ number: Int = 7) throws -> RevocationProof { try proof(of: try disabled[number]) }
}

/// The error's code, or nil when nothing is thrown.
func code(_ body: () throws -> some Any) -> ProofError.Code? {
    do {
        _ = try body()
        return nil
    } catch let error as ProofError {
        return error.code
    } catch {
        Issue.record("not a ProofError: \(error)")
        return nil
    }
}
