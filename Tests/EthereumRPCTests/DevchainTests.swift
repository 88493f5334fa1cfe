import EthereumCore
import Foundation
import ScriptedHTTP
import Testing

@testable import EthereumRPC

/// The repository's dev chain, where its virtual environment is there already.
private let devchain: (program: String, environment: [String: String])? = {
    let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
    let candidates = [
        ProcessInfo.processInfo.environment["DEVCHAIN_VENV"], root + "/.venv-devchain", root + "/.venv-tests",
    ]
    for venv in candidates.compactMap({ $0 }) {
        let libraries = (try? FileManager.default.contentsOfDirectory(atPath: venv + "/lib")) ?? []
        for library in libraries
        where FileManager.default.fileExists(atPath: "\(venv)/lib/\(library)/site-packages/eth/__init__.py") {
            return ("\(root)/etc/devchain/devchain", ["DEVCHAIN_VENV": venv])
        }
    }
    return nil
}()

/// The client against a real EVM.
@Suite(.enabled(if: devchain != nil, "no environment for the dev chain: run etc/devchain/devchain once"))
struct DevchainTests {
    /// Account of the private key 1, which the dev chain funds.
    private let sender = try? Address("0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf")
    private let recipient = try? Address("0x1111111111111111111111111111111111111111")
    // Signed with eth-account: 1e15 wei to the recipient, nonces 0 and 1; nonce 0 with another value; nonce 0 for
    // chain 1.
    private let first =
        "0x02f874827a6980843b9aca0085174876e80082520894111111111111111111111111111111111111111187038d7ea4c6800080c001a0bf7b7a5760dcf5dd63579f127d6bef40ab4f482a2c4f3316f9f6c1a2dde0d194a060d20b876cb711cb858a88036276f2bb9a46a22c697d30b26869484b12779759"
    private let firstHash = "0xee9261d77d7114322875003c24ccb6ca5d2d6d73a0cb54a53c6fc171d892edee"
    private let second =
        "0x02f874827a6901843b9aca0085174876e80082520894111111111111111111111111111111111111111187038d7ea4c6800080c080a066841a8464e807111d6345a8961317455c18d1a30a73c9375cb01515bc52d7e6a07f384be22104ae5423cd4b73d395e879f67038f077264586a091ab2d00a9636e"
    private let other =
        "0x02f874827a6980843b9aca0085174876e80082520894111111111111111111111111111111111111111187038d7ea4c6800180c001a024c04aaff913cb752e4bd3c35eaca72bac1df9044731dcf84f9361fad721d4c7a0114d7403adfe3ffde15c5313778456f471e86cb51ab22b39a161a8d194477e5d"
    private let foreign =
        "0x02f8720180843b9aca0085174876e80082520894111111111111111111111111111111111111111187038d7ea4c6800180c080a0bbc740e9c7943441ea0b633df1eefbf6c6ef3ca4d7ae03db74a0983f32a414eaa0504baf799507e0175e71a39574219475a1ebc17c2a91f37905581d6d07341019"

    private func start() async throws -> (ChildProcess, url: String, socket: String) {
        let devchain = try #require(devchain)
        let socket = temporarySocketPath()
        let (child, line) = try await ChildProcess.start(
            devchain.program, ["--port", "0", "--unix", socket, "--mine", "manual", "--exit-with-stdin"],
            environment: devchain.environment, until: "ready ")
        let url = try #require(line.split(separator: " ").first { $0.hasPrefix("url=") }?.dropFirst(4))
        return (child, String(url), socket)
    }

    @Test func transactionsLiveAndDieAsTheErrorsSay() async throws {
        let (child, url, socket) = try await start()
        defer {
            child.stop()
            unlink(socket)
        }
        let client = try RPCClient(endpoints: [try RPCEndpoint(url)], chainID: 31337)
        let sender = try #require(sender)
        let recipient = try #require(recipient)
        func refusal(_ raw: String) async throws -> RPCError? {
            let bytes = try Hex.decode(raw)
            return await failure { () throws(RPCError) in try await client.send(.sendRawTransaction(bytes)) }
        }
        let hash = try await client.send(.sendRawTransaction(try Hex.decode(first)))
        #expect(hash.hex == firstHash)
        #expect(try await refusal(first)?.serverClass == .alreadyKnown)
        #expect(try await refusal(other)?.serverClass == .replacementUnderpriced)
        #expect(try await refusal(foreign)?.serverClass == .invalidTransaction)
        #expect(try await client.send(.receipt(hash)) == nil)
        #expect(try await client.send(.transaction(hash))?.blockNumber == nil)
        #expect(try await client.send(.transactionCount(sender, .pending)) == 1)
        _ = try await client.send(.custom("evm_mine"))
        let receipt = try #require(try await client.send(.receipt(hash)))
        #expect(receipt.status && receipt.gasUsed == 21000 && receipt.blockNumber == 1 && receipt.from == sender)
        let block = try #require(try await client.send(.block(.number(1))))
        #expect(block.hash == receipt.blockHash && block.transactions == [hash])
        #expect(try await client.send(.block(.hash(block.hash)))?.number == 1)
        #expect(try await client.send(.blockReceipts(.hash(block.hash)))?.map(\.transactionHash) == [hash])
        #expect(try await client.send(.balance(recipient, .hash(block.hash))) == 1_000_000_000_000_000)
        #expect(try await refusal(other)?.serverClass == .nonceTooLow)
        _ = try await client.send(.sendRawTransaction(try Hex.decode(second)))
        let (count, history, logs, code) = try await client.batch(
            .transactionCount(sender), .feeHistory(UInt64(2), percentiles: [50]),
            .logs(LogFilter(blockHash: block.hash)),
            .code(recipient))
        #expect(try count.get() == 1)
        #expect(try history.get().baseFeePerGas.count >= 2)
        #expect(try logs.get().isEmpty && code.get().isEmpty)
        #expect(
            await failure { () throws(RPCError) in try await client.send(.balance(recipient, .number(99))) }?
                .serverClass
                == .headerNotFound)
        let unix = try RPCClient(endpoints: [try RPCEndpoint("http+unix://\(socket)")], chainID: 31337)
        #expect(try await unix.send(.blockNumber) == 1)
        let wrong = try RPCClient(endpoints: [try RPCEndpoint(url)], chainID: 1)
        #expect(
            await failure { () throws(RPCError) in try await wrong.send(.blockNumber) }?.kind
                == .wrongChain(expected: 1, found: 31337))
    }
}
