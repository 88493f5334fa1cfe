import EthereumCore
import EthereumWallet
import Glibc
import OrakeyKey
import WalletPeers

/// The rows of the budget that the wallet and the key format answer for. Each side returns something that depends on all
/// its results, so that no work is dropped.
struct Rows {
    let key = [UInt8](repeating: 0x46, count: 32)
    let network: NetworkName
    let account: Account

    init() throws {
        wallet_peers_setup(key)
        network = try NetworkName("BASE")
        account = try UnlockedWallet(.privateKey(SecretBytes(copying: key))).account()
        // Both sides must give the same key.
        let message = Bytes32(UInt256(7))
        let expected = try APIKey.derive(account: account, network: network, message: message)
        var text = [CChar](repeating: 0, count: 400)
        let count = message.withUnsafeBytes {
            peer_derive_key($0.baseAddress?.assumingMemoryBound(to: UInt8.self), &text)
        }
        let same = expected.withUnsafeBytes { Array($0.dropFirst(5)) == text[..<count].map { UInt8(bitPattern: $0) } }
        precondition(same, "Swift and C derive different keys")
    }

    func derivation() -> Comparison {
        Comparison(name: "derive an API key", budget: 1.05) { repetitions in
            var sink: UInt64 = 0
            for i in 0..<repetitions {
                let key = try? APIKey.derive(account: account, network: network, message: Bytes32(UInt256(UInt64(i))))
                sink &+= key.map { UInt64($0.count) } ?? .max
            }
            return sink
        } peer: { repetitions in
            var sink: UInt64 = 0
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 400) { text in
                for i in 0..<repetitions {
                    Bytes32(UInt256(UInt64(i))).withUnsafeBytes { message in
                        sink &+= UInt64(
                            peer_derive_key(message.baseAddress?.assumingMemoryBound(to: UInt8.self), text.baseAddress))
                    }
                }
            }
            return sink
        }
    }

    func verification() throws -> Comparison {
        let key = try APIKey.derive(account: account, network: network, message: Bytes32(UInt256(7)))
        let parsed = try APIKey(parsing: key)
        let digest = SigningScheme.eip191.digest(of: parsed.message).bytes
        let compact = parsed.signature.r.bytes + parsed.signature.s.bytes
        let owner = account.address
        return Comparison(name: "parse and verify a key", budget: 1.15) { repetitions in
            var sink: UInt64 = 0
            for _ in 0..<repetitions {
                if let key = try? APIKey(parsing: key), let signer = try? key.owner(scheme: .eip191), signer == owner {
                    sink &+= 1
                }
            }
            return sink == UInt64(repetitions) ? sink : .max
        } peer: { repetitions in
            var sink: UInt64 = 0
            for _ in 0..<repetitions {
                sink &+= UInt64(peer_recover_point(digest, compact, Int32(parsed.signature.yParity)))
            }
            return sink
        }
    }

    func phraseToAddress() -> Comparison {
        let phrase = "legal winner thank year wave sausage worth useful legal winner thank yellow"
        let secret = SecretBytes(copying: Array(phrase.utf8))
        return Comparison(name: "BIP-39 phrase to address", budget: 1.1) { repetitions in
            var sink: UInt64 = 0
            for _ in 0..<repetitions {
                let address = try? UnlockedWallet(.mnemonic(Mnemonic(parsing: secret), passphrase: nil)).account()
                    .address
                sink &+= address == nil ? .max : 1
            }
            return sink
        } peer: { repetitions in
            var sink: UInt64 = 0
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { seed in
                for _ in 0..<repetitions { sink &+= UInt64(peer_seed(phrase, phrase.utf8.count, seed.baseAddress)) }
            }
            return sink
        }
    }

    func unlocking() throws -> Comparison {
        let passphrase = SecretBytes(copying: Array("testpassword".utf8))
        let file = try EncryptedWallet(encrypting: .privateKey(SecretBytes(copying: key)), passphrase: passphrase)
        let salt = [UInt8](repeating: 3, count: 32)
        return Comparison(name: "unlock (scrypt 262144/8/1)", budget: 1.03, turns: 7, repetitions: 1) { _ in
            (try? file.unlock(passphrase: passphrase)) == nil ? .max : 1
        } peer: { _ in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { key in
                UInt64(peer_scrypt("testpassword", 12, salt, 262_144, 8, 1, key.baseAddress))
            }
        }
    }

    /// Time on the clock of a batch on one thread over that on two. A machine that is busy with other things has no second
    /// core to give; processor time then still shows whether the threads are in each other's way.
    func batch() throws -> Bool {
        var times: [(wall: Double, processor: Double)] = []
        for turn in 0..<18 {
            let wall = microseconds(CLOCK_MONOTONIC)
            let processor = microseconds(CLOCK_PROCESS_CPUTIME_ID)
            var sink = 0
            try APIKey.deriveBatch(
                account: account, network: network, first: .zero, count: 8192, threads: 1 + turn % 2
            ) { sink &+= $0.count }
            times.append(
                (
                    (microseconds(CLOCK_MONOTONIC) - wall) / 8192,
                    (microseconds(CLOCK_PROCESS_CPUTIME_ID) - processor) / 8192
                ))
        }
        let pairs = stride(from: 0, to: times.count, by: 2).map { (one: times[$0], two: times[$0 + 1]) }
        let gain = median(pairs.map { $0.one.wall / $0.two.wall })
        let possible = median(pairs.map { 2 * $0.one.processor / $0.two.processor })
        let isKept = report(
            "derive on two cores (peer: on one)", median(pairs.map(\.two.wall)), median(pairs.map(\.one.wall)), gain,
            "at least 1.9x", isKept: gain >= 1.9)
        if !isKept { print("  by processor time two free cores would give \((possible * 1000).rounded() / 1000)x") }
        return isKept
    }

    /// Memory that a further unlock leaves behind, in KiB of the process's resident set.
    func memoryAfterUnlock() throws -> Bool {
        let passphrase = SecretBytes(copying: Array("testpassword".utf8))
        let file = try EncryptedWallet(encrypting: .privateKey(SecretBytes(copying: key)), passphrase: passphrase)
        let before = residentKiB()
        _ = try file.unlock(passphrase: passphrase)
        let left = residentKiB() - before
        let isKept = left < 1024
        print("resident memory that an unlock of 256 MiB leaves behind: \(left) KiB", isKept ? "" : "EXCEEDED")
        return isKept
    }

    private func residentKiB() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 200)
        guard fgets(&line, 200, file) != nil else { return 0 }
        let fields = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(
            separator: " ")
        return (Int(fields[1]) ?? 0) * 4
    }
}
