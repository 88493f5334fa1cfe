import EthereumCore
import EthereumWallet
import Testing

@Suite struct AccountTests {
    let account: Account

    init() throws {
        account = try UnlockedWallet(.privateKey(SecretBytes(copying: [UInt8](repeating: 0x46, count: 32)))).account()
    }

    /// The example of EIP-155, to the byte.
    @Test func signsTransactions() throws {
        let transaction = Transaction.legacy(
            LegacyTransaction(
                chainID: 1, nonce: 9, gasPrice: 20_000_000_000, gasLimit: 21000,
                to: try Address("0x3535353535353535353535353535353535353535"), value: 1_000_000_000_000_000_000))
        let signed = try account.sign(transaction)
        #expect(
            Hex.encode(signed.raw)
                == "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
        )
        #expect(try signed.sender() == account.address)
    }

    @Test func refusesTransactionsForEveryChain() {
        let transaction = Transaction.legacy(
            LegacyTransaction(chainID: nil, nonce: 0, gasPrice: 1, gasLimit: 21000, to: .zero))
        let error = #expect(throws: WalletError.self) { try account.sign(transaction) }
        if case .signingFailed = error {} else { Issue.record("\(String(describing: error))") }
    }

    @Test func signsTheSameEveryTime() throws {
        let message = Bytes32(UInt256(42))
        let first = try account.sign(contractMessage: message, scheme: .eip191)
        for _ in 0..<20 {
            // A new blinding changes the way to the signature, not the signature.
            Secp256k1.randomize()
            #expect(try account.sign(contractMessage: message, scheme: .eip191) == first)
        }
        #expect(try first.recoverAddress(digest: SigningScheme.eip191.digest(of: message)) == account.address)
        #expect(try account.sign(contractMessage: message, scheme: .eip191Hex) != first)
    }

    /// In a process of its own, where nobody else replaces the context. The library's context begins with its blinding.
    @Test func unlockingBlindsTheContextAnew() async {
        await #expect(processExitsWith: .success) {
            func context() -> (address: Int, beginning: [UInt8]) {
                Secp256k1.withContext { pointer in
                    let bytes = UnsafeRawBufferPointer(start: UnsafeRawPointer(pointer), count: 64)
                    return (Int(bitPattern: pointer), Array(bytes))
                }
            }
            let passphrase = SecretBytes("p")
            let wallet = try EncryptedWallet(
                encrypting: .privateKey(.random(count: 32)), passphrase: passphrase,
                stretching: .scrypt(n: 2, r: 1, p: 1))
            let before = context()
            _ = try wallet.decrypt(passphrase: passphrase)
            #expect(context() == before)
            for _ in 0..<3 {
                let before = context()
                _ = try wallet.unlock(passphrase: passphrase)
                let after = context()
                #expect(after.beginning != before.beginning && after.address != before.address)
            }
        }
    }

    @Test func printsTheAddressOnly() {
        #expect("\(account)" == "account \(account.address)")
    }
}
