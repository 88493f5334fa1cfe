import EthereumCore
import Foundation
import Synchronization
import Testing

@testable import EthereumWallet
@testable import OrakeyKey

@Suite struct APIKeyTests {
    let account: Account
    let network: NetworkName
    let message: Bytes32

    init() throws {
        account = try UnlockedWallet(.privateKey(SecretBytes(copying: [UInt8](repeating: 0x46, count: 32)))).account()
        network = try NetworkName("BASE")
        message = try Bytes32(hex: "0x01080f161d242b323940474e555c636a71787f868d949ba2a9b0b7bec5ccd3da")
    }

    /// The text that the C program and eth-account of the reference benchmarks print for this key and message.
    @Test func knownKey() throws {
        let key = try APIKey.derive(account: account, network: network, message: message)
        #expect(key.string.hasPrefix("BASE:5FH"))
        #expect(try key == APIKey.derive(account: account, network: network, message: message))
        let parsed = try APIKey(parsing: key)
        #expect(parsed.network == network)
        #expect(parsed.message == message)
        #expect(parsed.layout == .text)
        #expect(try parsed.owner(scheme: .eip191) == account.address)
        let text = try Base58.decode(key.string.dropFirst(5), maxCount: 300)
        #expect(
            String(decoding: text, as: UTF8.self) == message.hex + ":"
                + Hex.encodePrefixed(parsed.signature.serialized65))
    }

    @Test(arguments: KeyLayout.allCases, SigningScheme.allCases)
    func everyLayoutAndScheme(layout: KeyLayout, scheme: SigningScheme) throws {
        let key = try APIKey.derive(
            account: account, network: network, message: message, layout: layout, scheme: scheme)
        let parsed = try APIKey(parsing: key)
        #expect(parsed.layout == layout)
        #expect(try parsed.owner(scheme: scheme) == account.address)
        let inspection = try KeyInspection(key)
        #expect(inspection.schemes(fitting: account.address) == [scheme])
        #expect(inspection.candidates.count == 2)
        #expect(inspection.fingerprint == Fingerprint(of: key))
    }

    @Test func digestsAreThoseOfEIP191() {
        #expect(SigningScheme.eip191.digest(of: message) == EIP191.digest(personalMessage: message.bytes))
        #expect(SigningScheme.eip191Hex.digest(of: message) == EIP191.digest(personalMessage: Array(message.hex.utf8)))
    }

    /// A text or binary body under Base58, with a signature that is changed by `change`.
    private func body(layout: KeyLayout, _ change: (inout [UInt8]) -> Void) throws -> String {
        let signature = try account.sign(contractMessage: message, scheme: .eip191)
        var bytes = message.bytes + signature.serialized65
        if layout == .text {
            bytes = Array((Hex.encodePrefixed(message.bytes) + ":" + Hex.encodePrefixed(signature.serialized65)).utf8)
        }
        change(&bytes)
        return Base58.encode(bytes)
    }

    @Test func refusesBadSignatures() throws {
        let order = try Hex.decode("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", prefix: .absent)
        let half = try Hex.decode("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1", prefix: .absent)
        let zero = [UInt8](repeating: 0, count: 32)
        let cases: [(Int, [UInt8], APIKeyError)] = [
            (96, [0], .v), (96, [1], .v), (96, [26], .v), (96, [29], .v), (32, zero, .r), (32, order, .r),
            (64, zero, .s),
            (64, order, .s), (64, half, .highS),
        ]
        for (offset, bytes, expected) in cases {
            let binary = try body(layout: .binary) { $0.replaceSubrange(offset..<offset + bytes.count, with: bytes) }
            #expect(throws: expected) { try APIKey(parsing: Array("BASE:\(binary)".utf8)) }
            let text = try body(layout: .text) { body in
                let start = offset < 32 ? 2 + 2 * offset : 69 + 2 * (offset - 32)
                body.replaceSubrange(start..<start + 2 * bytes.count, with: Hex.encode(bytes).utf8)
            }
            #expect(throws: expected) { try APIKey(parsing: Array("BASE:\(text)".utf8)) }
        }
    }

    @Test func refusesOtherText() throws {
        let key = try APIKey.derive(account: account, network: network, message: message).string
        let encoded = String(key.dropFirst(5))
        let upper = try body(layout: .text) { $0[4] = UInt8(ascii: "A") }
        let upperSignature = try body(layout: .text) { $0[80] = UInt8(ascii: "F") }
        let noColon = try body(layout: .text) { $0[66] = UInt8(ascii: ";") }
        let noPrefix = try body(layout: .text) { $0[1] = UInt8(ascii: "X") }
        let short = try body(layout: .text) { $0.removeLast() }
        let long = try body(layout: .text) { $0.append(48) }
        let leading = try body(layout: .text) { $0.insert(0, at: 0) }
        let cases: [(String, APIKeyError)] = [
            ("", .empty), (":", .network(.empty)), ("BASE", .noColon), ("BASE:", .noBody), (encoded, .noColon),
            ("base:\(encoded)", .network(.lowerCase(offset: 0))), ("BASe:\(encoded)", .network(.lowerCase(offset: 3))),
            ("BA SE:\(encoded)", .network(.character(offset: 2))), (" \(key)", .network(.character(offset: 0))),
            ("\(String(repeating: "A", count: 33)):5", .network(.tooLong)),
            ("\(key)\n", .notBase58(offset: key.utf8.count)), ("\(key) ", .notBase58(offset: key.utf8.count)),
            ("BASE:\n\(encoded)", .notBase58(offset: 5)), ("BASE:0\(encoded.dropFirst())", .notBase58(offset: 5)),
            ("BASE:1\(encoded)", .length(200)), ("BASE:11\(encoded)", .length(201)), ("BASE:1", .length(1)),
            ("BASE:\(upper)", .messageDigits), ("BASE:\(upperSignature)", .signatureDigits),
            ("BASE:\(noColon)", .punctuation(offset: 66)), ("BASE:\(noPrefix)", .punctuation(offset: 1)),
            ("BASE:\(short)", .length(198)), ("BASE:\(long)", .length(200)), ("BASE:\(leading)", .length(200)),
            ("BASE:\(String(repeating: "z", count: 1000))", .tooLong(limit: APIKey.maxCount)),
            ("BASE:\(String(repeating: "z", count: 300))", .tooLong(limit: APIKey.maxCount)),
        ]
        for (text, expected) in cases {
            let error = #expect(throws: APIKeyError.self, "\(text)") { try APIKey(parsing: Array(text.utf8)) }
            #expect(error == expected, "\(text)")
            if let error { #expect(!error.description.contains(encoded.prefix(12))) }
        }
    }

    @Test func networkNames() throws {
        for name in ["A", "BASE", "OPTIMISM_2", String(repeating: "Z", count: 32)] {
            #expect(try NetworkName(name).rawValue == name)
        }
        for name in ["", "base", "BASE ", "BÄSE", "BASE:", String(repeating: "Z", count: 33), "A\0"] {
            #expect(throws: APIKeyError.self) { try NetworkName(name) }
        }
    }

    @Test func fingerprints() throws {
        let fingerprint = Fingerprint(of: SecretBytes("abc"))
        #expect(fingerprint.description == "SHA256:ba7816bf8f01cfea")
        #expect(try Fingerprint(parsing: "SHA256:ba7816bf8f01cfea") == fingerprint)
        #expect(try Fingerprint(parsing: "SHA256:000000000000000f").description == "SHA256:000000000000000f")
        for text in [
            "", "SHA256:", "SHA256:ba7816bf8f01cfe", "SHA256:ba7816bf8f01cfeaa", "SHA256:BA7816BF8F01CFEA",
            "sha256:ba7816bf8f01cfea", "ba7816bf8f01cfea", "SHA256:+a7816bf8f01cfea", "SHA256:ba7816bf8f01cfea\n",
        ] {
            #expect(throws: APIKeyError.fingerprint) { try Fingerprint(parsing: text) }
        }
    }

    /// With one thread for each processor unless told otherwise.
    @Test(arguments: [nil, 1, 3])
    func batchIsTheSameAsOneByOne(threads: Int?) throws {
        var keys: [String] = []
        try APIKey.deriveBatch(
            account: account, network: network, first: message, count: 1100, threads: threads
        ) { key in
            keys.append(String(decoding: key, as: UTF8.self))
        }
        #expect(keys.count == 1100)
        for (i, key) in keys.enumerated() where i % 37 == 0 || i > 1090 {
            let next = Bytes32(UInt256(message) + UInt256(UInt64(i)))
            #expect(try key == APIKey.derive(account: account, network: network, message: next).string)
        }
        #expect(throws: APIKeyError.messageRange) {
            try APIKey.deriveBatch(
                account: account, network: network, first: Bytes32(bytes: [UInt8](repeating: 0xFF, count: 32)), count: 2
            ) { _ in }
        }
        try APIKey.deriveBatch(account: account, network: network, first: message, count: 0) { _ in
            Issue.record("no key was asked for")
        }
    }

    @Test func aBatchUsesAllProcessors() {
        #expect(Parallel.coreCount == ProcessInfo.processInfo.processorCount)
        let threads = Mutex<Set<UInt>>([])
        let arrived = Atomic<Int>(0)
        // Each waits until the others have come: no thread does the work of two.
        Parallel.run(workers: Parallel.coreCount) {
            threads.withLock { _ = $0.insert(UInt(pthread_self())) }
            arrived.add(1, ordering: .relaxed)
            for _ in 0..<1_000_000 where arrived.load(ordering: .relaxed) < Parallel.coreCount { sched_yield() }
        }
        #expect(threads.withLock(\.count) == Parallel.coreCount)
    }

    @Test func printsNoSignature() throws {
        let key = try APIKey(parsing: APIKey.derive(account: account, network: network, message: message))
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped] {
            #expect(!text.lowercased().contains(key.signature.r.hex.dropFirst(2)))
            #expect(!text.contains(key.signature.s.hex))
        }
        dumped = ""
        dump(account, to: &dumped)
        #expect(!dumped.contains("46464646"))
    }
}
