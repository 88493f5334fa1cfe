import EthereumCore
import Glibc
import OrakeyClient
import StrictJSON

/// A deployment that was signed: what a repeat after a crash needs to go on with the same bytes.
struct Deployment: Equatable {
    enum State: String {
        /// The bytes are on disk; they may be on the way.
        case signed
        /// In a block, at the depth that was asked for.
        case confirmed
        /// In a block, and reverted.
        case failed
    }

    var network: String
    var chainID: UInt64
    var sender: Address
    var nonce: UInt64
    var raw: [UInt8]
    var state: State
    var block: UInt64?

    /// Address of the contract, which follows from sender and nonce.
    var address: Address { .create(sender: sender, nonce: nonce) }
    var hash: Bytes32 { Keccak256.hash(raw) }

    init(network: String, chainID: UInt64, sender: Address, nonce: UInt64, raw: [UInt8]) {
        self.network = network
        self.chainID = chainID
        self.sender = sender
        self.nonce = nonce
        self.raw = raw
        state = .signed
    }

    init(_ source: JSONReader) throws {
        var reader = source
        network = try reader.string("network")
        chainID = try reader.int("chain_id")
        sender = try Address(reader.string("sender"))
        nonce = try reader.int("nonce")
        raw = try Hex.decode(reader.string("raw"))
        guard let state = State(rawValue: try reader.string("state")) else {
            throw reader.invalid("state", "expected signed, confirmed or failed")
        }
        self.state = state
        block = try reader.optionalInt("block")
        guard try SignedTransaction(decoding: raw).sender() == sender else {
            throw reader.invalid("raw", "is not signed by the sender")
        }
        try reader.finish()
    }

    var json: JSON {
        [
            "network": .string(network), "chain_id": .integer(chainID), "sender": .string(sender.checksummed),
            "nonce": .integer(nonce), "raw": .string(Hex.encodePrefixed(raw)), "state": .string(state.rawValue),
            "block": block.map { .integer($0) } ?? .null,
        ]
    }
}

/// The journal of `orakey contract deploy`, beside the wallet: `wallet.json.deployments`. Signed bytes are on disk before
/// they are broadcast. One command at a time holds it.
struct DeploymentJournal: ~Copyable {
    let path: String
    private(set) var deployments: [Deployment] = []
    private let lock: Int32

    init(wallet: String) throws {
        path = "\(wallet).deployments"
        // The wallet file itself is the lock: it is there, and nothing has to be cleaned up.
        lock = open(wallet, O_RDONLY | O_CLOEXEC)
        guard lock >= 0 else { throw Failure(.noInput, "cannot read \(wallet): \(String(cString: strerror(errno)))") }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw Failure(.temporary, "another command deploys with \(wallet) at this moment; wait for it")
        }
        guard let text = try AtomicFile.read(path) else { return }
        do {
            var reader = try JSONReader(JSON.parse(text))
            let version: Int = try reader.int("version")
            guard version == 1 else { throw reader.invalid("version", "is newer than this program knows") }
            deployments = try reader.objects("deployments").map(Deployment.init)
            try reader.finish()
        } catch {
            close(lock)
            throw Failure(
                .badData, "the journal \(path) is not readable: \(error); move it away if you know what it held")
        }
    }

    deinit { close(lock) }

    /// The newest deployment of an account on a chain.
    func last(chainID: UInt64, sender: Address) -> Deployment? {
        deployments.last { $0.chainID == chainID && $0.sender == sender }
    }

    /// Puts a deployment on disk, in the place of an earlier record with the same bytes.
    mutating func record(_ deployment: Deployment) throws {
        deployments.removeAll { $0.raw == deployment.raw }
        deployments.append(deployment)
        try save()
    }

    /// Forgets a deployment that no endpoint took.
    mutating func remove(_ deployment: Deployment) throws {
        deployments.removeAll { $0.raw == deployment.raw }
        try save()
    }

    private func save() throws {
        let json: JSON = ["version": 1, "deployments": .array(deployments.map(\.json))]
        try AtomicFile.write(json.pretty() + "\n", to: path, replacing: true)
    }
}
