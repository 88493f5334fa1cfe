import EthereumCore
import Fuzzing
import Testing

@Suite struct TransactionTests {
    private let key = Bytes32(UInt256(0x4646_4646)).bytes

    private func sign(_ transaction: Transaction, _ key: [UInt8]) throws -> SignedTransaction {
        let digest = transaction.signingDigest
        return transaction.signed(
            with: try #require(key.withUnsafeBytes { Secp256k1.sign(digest: digest, privateKey: $0) }))
    }

    /// The example of EIP-155.
    @Test func eip155() throws {
        let transaction = Transaction.legacy(
            LegacyTransaction(
                chainID: 1, nonce: 9, gasPrice: 20_000_000_000, gasLimit: 21_000,
                to: try Address("0x3535353535353535353535353535353535353535"), value: 1_000_000_000_000_000_000))
        #expect(
            transaction.signingDigest.hex == "0xdaf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53")
        let signed = try sign(transaction, [UInt8](repeating: 0x46, count: 32))
        #expect(
            Hex.encode(signed.raw)
                == "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc"
                + "2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b"
                + "6d83")
        #expect(try SignedTransaction(decoding: signed.raw) == signed)
        #expect(signed.issues(chainID: 1) == [])
        #expect(signed.issues(chainID: 2) == [.wrongChain(expected: 2, found: 1)])
        #expect(signed.issues(fork: .homestead) == [.notYetSupported])
    }

    @Test func randomTransactions() throws {
        var random = Randomness()
        for _ in 0..<600 {
            let transaction = try Self.random(&random)
            let key = random.bytes(32)
            let signed = try sign(transaction, key)
            let decoded = try SignedTransaction(decoding: signed.raw)
            #expect(decoded == signed)
            #expect(decoded.transaction == transaction)
            #expect(decoded.hash == Keccak256.hash(signed.raw))
            #expect(try decoded.sender() == key.withUnsafeBytes { Secp256k1.publicKey(privateKey: $0) }?.address)
        }
    }

    static func random(_ random: inout Randomness) throws -> Transaction {
        func word() -> UInt256 { UInt256(bigEndian: random.bytes(random.below(33))) ?? 0 }
        func number() -> UInt64 { UInt64.random(in: 0 ... .max, using: &random) >> UInt64(random.below(65)) }
        let to = random.below(4) == 0 ? nil : try Address(bytes: random.bytes(20))
        let data = random.bytes(random.below(80))
        let list = try (0..<random.below(4)).map { _ in
            AccessListEntry(
                address: try Address(bytes: random.bytes(20)),
                storageKeys: try (0..<random.below(4)).map { _ in try Bytes32(bytes: random.bytes(32)) })
        }
        switch random.below(4) {
        case 0:
            return .legacy(
                LegacyTransaction(
                    chainID: nil, nonce: number(), gasPrice: word(), gasLimit: number(), to: to, value: word(),
                    data: data))
        case 1:
            return .legacy(
                LegacyTransaction(
                    chainID: number(), nonce: number(), gasPrice: word(), gasLimit: number(), to: to, value: word(),
                    data: data))
        case 2:
            return .accessList(
                AccessListTransaction(
                    chainID: number(), nonce: number(), gasPrice: word(), gasLimit: number(), to: to, value: word(),
                    data: data, accessList: list))
        default:
            return .dynamicFee(
                DynamicFeeTransaction(
                    chainID: number(), nonce: number(), maxPriorityFeePerGas: word(), maxFeePerGas: word(),
                    gasLimit: number(), to: to, value: word(), data: data, accessList: list))
        }
    }

    @Test func errorsNameTheField() throws {
        let address = RLPItem.bytes([UInt8](repeating: 1, count: 20))
        func typed(_ fields: [RLPItem]) -> [UInt8] { [2] + RLP.encode(.list(fields)) }
        let one = RLPItem.bytes([1])
        let good: [RLPItem] = [
            one, one, one, one, one, address, one, .bytes([]), .list([]), .bytes([]), one, one,
        ]
        #expect(throws: Never.self) { try SignedTransaction(decoding: typed(good)) }
        let cases: [(Int, RLPItem, TransactionError)] = [
            (0, .bytes([UInt8](repeating: 1, count: 9)), .field(.chainID, .tooLarge(bits: 64))),
            (1, .bytes([0]), .field(.nonce, .leadingZero)), (1, .list([]), .field(.nonce, .isAList)),
            (2, .bytes([UInt8](repeating: 1, count: 33)), .field(.maxPriorityFeePerGas, .tooLarge(bits: 256))),
            (5, .bytes([1]), .field(.to, .wrongLength(expected: 20))), (8, .bytes([]), .field(.accessList, .notAList)),
            (8, .list([.list([address])]), .field(.accessList, .notAnEntry)),
            (8, .list([.list([one, .list([])])]), .field(.accessListAddress, .wrongLength(expected: 20))),
            (8, .list([.list([address, one])]), .field(.accessListStorageKey, .notAList)),
            (8, .list([.list([address, .list([one])])]), .field(.accessListStorageKey, .wrongLength(expected: 32))),
            (9, .bytes([2]), .field(.yParity, .invalid)), (9, .bytes([27]), .field(.yParity, .invalid)),
            (10, .bytes([]), .signature(.rOutOfRange)), (11, .bytes([]), .signature(.sOutOfRange)),
            (10, .bytes(Secp256k1.order.bytes), .signature(.rOutOfRange)),
        ]
        for (index, item, error) in cases {
            var fields = good
            fields[index] = item
            #expect(throws: error) { try SignedTransaction(decoding: typed(fields)) }
        }
        #expect(throws: TransactionError.wrongFieldCount(expected: 12, found: 11)) {
            try SignedTransaction(decoding: typed(good.dropLast()))
        }
        #expect(throws: TransactionError.empty) { try SignedTransaction(decoding: []) }
        #expect(throws: TransactionError.unsupportedType(3)) { try SignedTransaction(decoding: [3, 0xc0]) }
        #expect(throws: TransactionError.unsupportedType(0x80)) { try SignedTransaction(decoding: [0x80]) }
        #expect(throws: TransactionError.rlp(.empty)) { try SignedTransaction(decoding: [2]) }
        #expect(throws: TransactionError.notAList) { try SignedTransaction(decoding: [2, 0x80]) }
    }

    @Test(arguments: [
        (3, "a blob transaction (type 3, EIP-4844) is not supported; types 0, 1 and 2 are"),
        (4, "a set-code transaction (type 4, EIP-7702) is not supported; types 0, 1 and 2 are"),
        (5, "transaction type 5 is not supported (0, 1 and 2 are)"),
        (0, "no transaction begins with byte 0x00: legacy ones are lists, others have a type"),
        (0x80, "no transaction begins with byte 0x80: legacy ones are lists, others have a type"),
    ])
    func otherEnvelopesAreNamed(type: UInt8, message: String) {
        #expect("\(TransactionError.unsupportedType(type))" == message)
        #expect(throws: TransactionError.unsupportedType(type)) { try SignedTransaction(decoding: [type, 0xc0]) }
    }

    @Test func noChainHasTheIDZero() throws {
        for transaction in [
            Transaction.legacy(LegacyTransaction(chainID: 0, nonce: 0, gasPrice: 1, gasLimit: 21_000, to: .zero)),
            .accessList(AccessListTransaction(chainID: 0, nonce: 0, gasPrice: 1, gasLimit: 21_000, to: .zero)),
        ] {
            #expect(try SignedTransaction(decoding: sign(transaction, key).raw).issues() == [.chainIDZero])
        }
    }

    @Test func highSKeepsHashAndSender() throws {
        let transaction = Transaction.legacy(
            LegacyTransaction(chainID: nil, nonce: 0, gasPrice: 1, gasLimit: 90_000, to: nil))
        let signed = try sign(transaction, key)
        let n = UInt256(Secp256k1.order)
        guard case .list(var fields) = try RLP.decode(signed.raw) else { return }
        fields[6] = .uint(UInt64(signed.signature.yParity == 0 ? 28 : 27))
        fields[8] = .uint(n - UInt256(signed.signature.s))
        let twin = try SignedTransaction(decoding: RLP.encode(.list(fields)))
        #expect(twin.hasHighS)
        #expect(twin.raw == RLP.encode(.list(fields)))
        #expect(twin.hash != signed.hash)
        #expect(UInt256(twin.wireSignature.s) == n - UInt256(signed.signature.s))
        #expect(twin.wireSignature.yParity == 1 - signed.signature.yParity)
        #expect(twin.signature == signed.signature && !signed.wireSignature.hasHighS)
        #expect(try twin.sender() == signed.sender())
        #expect(twin.issues(fork: .frontier) == [])
        #expect(twin.issues() == [.highS])
    }

    /// v of a legacy transaction can hold more than a chain id of 64 bits.
    @Test func largestChainID() throws {
        let transaction = Transaction.legacy(
            LegacyTransaction(chainID: .max, nonce: 0, gasPrice: 1, gasLimit: 90_000, to: .zero))
        let signed = try sign(transaction, key)
        #expect(try SignedTransaction(decoding: signed.raw).transaction.chainID == .max)
        guard case .list(var fields) = try RLP.decode(signed.raw) else { return }
        for v in [UInt256(UInt128(UInt64.max) * 2 + 37), UInt256(1) << 128, .max] {
            fields[6] = .uint(v)
            #expect(throws: TransactionError.field(.chainID, .tooLarge(bits: 64))) {
                try SignedTransaction(decoding: RLP.encode(.list(fields)))
            }
        }
        fields[6] = .uint(34 as UInt64)
        #expect(throws: TransactionError.field(.v, .invalid)) {
            try SignedTransaction(decoding: RLP.encode(.list(fields)))
        }
    }

    /// EIP-7623, in force unless an older fork is asked for.
    @Test func theFloorOfPragueIsTheDefault() throws {
        let data = [UInt8](repeating: 1, count: 1000)
        func signed(_ gas: UInt64) throws -> SignedTransaction {
            try sign(
                .legacy(
                    LegacyTransaction(chainID: 1, nonce: 0, gasPrice: 1, gasLimit: gas, to: .zero, data: data)), key)
        }
        #expect(try signed(60_999).issues() == [.gasLimitTooLow(required: 61_000)])
        #expect(try signed(61_000).issues() == [])
        #expect(try signed(60_999).issues(fork: .cancun) == [])
        #expect(try signed(36_999).issues(fork: .cancun) == [.gasLimitTooLow(required: 37_000)])
        #expect(try signed(1).transaction.requiredGas() == 61_000)
    }

    @Test func gas() throws {
        let zero = Address.zero
        let data: [UInt8] = [0, 0, 1, 2]
        let call = Transaction.dynamicFee(
            DynamicFeeTransaction(
                chainID: 1, nonce: 0, maxPriorityFeePerGas: 0, maxFeePerGas: 0, gasLimit: 0, to: zero, data: data,
                accessList: [AccessListEntry(address: zero, storageKeys: [.zero, .zero])]))
        #expect(call.intrinsicGas == 21_000 + 2 * 4 + 2 * 16 + 2_400 + 2 * 1_900)
        #expect(call.floorGas == 21_000 + 2 * 10 + 2 * 40)
        let create = Transaction.legacy(
            LegacyTransaction(chainID: 1, nonce: 0, gasPrice: 0, gasLimit: 0, to: nil, data: data))
        #expect(create.intrinsicGas == 53_000 + 2 * 4 + 2 * 16 + 2)
        #expect(create.intrinsicGas(fork: .frontier) == 21_000 + 2 * 4 + 2 * 68)
        #expect(create.intrinsicGas(fork: .paris) == 53_000 + 2 * 4 + 2 * 16)
    }
}
