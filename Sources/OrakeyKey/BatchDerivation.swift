public import EthereumCore
public import EthereumWallet
import Synchronization

extension APIKey {
    /// Keys that are derived before they are passed on, so that memory stays flat whatever the count.
    private static let keysPerRound = 1024
    /// Keys that a thread takes at a time.
    private static let keysPerStep = 16

    /// Derives the keys of consecutive messages on all cores.
    ///
    /// - Parameters:
    ///   - first: First message; the others follow as big-endian numbers.
    ///   - count: How many.
    ///   - threads: How many threads; as many as the machine has processors when nil.
    ///   - consume: Gets each key in order, as ASCII in secret memory that is wiped afterwards. What it throws ends the
    ///     batch and is thrown on.
    /// - Throws: ``APIKeyError/messageRange`` or ``APIKeyError/signing(_:)``.
    public static func deriveBatch(
        account: Account, network: NetworkName, first: Bytes32, count: Int, layout: KeyLayout = .text,
        scheme: SigningScheme = .eip191, threads: Int? = nil, consume: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard count >= 0 else { throw APIKeyError.messageRange }
        guard count > 0 else { return }
        let start = UInt256(first)
        guard !start.addingReportingOverflow(UInt256(UInt64(count - 1))).overflow else {
            throw APIKeyError.messageRange
        }
        let workers = max(1, min(threads ?? Parallel.coreCount, (count + keysPerStep - 1) / keysPerStep))
        var done = 0
        while done < count {
            let round = min(keysPerRound, count - done)
            let base = start + UInt256(UInt64(done))
            try unsafe deriveRound(count: round, workers: workers) { index, output throws(WalletError) in
                try unsafe write(
                    to: output, account: account, network: network, message: Bytes32(base + UInt256(UInt64(index))),
                    layout: layout, scheme: scheme)
            } consume: {
                try unsafe consume($0)
            }
            done += round
        }
    }

    /// Fills one piece of secret memory from several threads, then passes its keys on in order.
    private static func deriveRound(
        count: Int, workers: Int,
        derive: @Sendable (Int, UnsafeMutableRawBufferPointer) throws(WalletError) -> Int,
        consume: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        // Each key's place begins with its length.
        let place = maxCount + 2
        let failure = Mutex<WalletError?>(nil)
        let keys = unsafe SecretBytes(count: count * place) { memory in
            let next = Atomic<Int>(0)
            let base = UInt(bitPattern: memory.baseAddress!)
            Parallel.run(workers: workers) {
                while true {
                    let start = next.add(keysPerStep, ordering: .relaxed).oldValue
                    if start >= count { return }
                    for index in start..<min(start + keysPerStep, count) {
                        let address = unsafe UnsafeMutableRawPointer(bitPattern: base)! + index * place
                        do throws(WalletError) {
                            let length = try unsafe derive(
                                index, UnsafeMutableRawBufferPointer(start: address + 2, count: maxCount))
                            unsafe address.storeBytes(of: UInt16(length), as: UInt16.self)
                        } catch {
                            failure.withLock { $0 = error }
                            return
                        }
                    }
                }
            }
        }
        if let error = failure.withLock({ $0 }) { throw APIKeyError.signing(error) }
        try unsafe keys.withUnsafeBytes { memory throws in
            for index in 0..<count {
                let length = unsafe Int(memory.loadUnaligned(fromByteOffset: index * place, as: UInt16.self))
                try unsafe consume(
                    UnsafeRawBufferPointer(rebasing: memory[(index * place + 2)..<(index * place + 2 + length)]))
            }
        }
    }
}
