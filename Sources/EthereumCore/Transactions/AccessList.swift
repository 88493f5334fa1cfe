/// One address of an access list and the storage slots of it that a transaction announces (EIP-2930).
public struct AccessListEntry: Hashable, Sendable {
    /// The contract.
    public var address: Address

    /// Its announced storage slots.
    public var storageKeys: [Bytes32]

    /// An address, with the slots that are announced of it.
    public init(address: Address, storageKeys: [Bytes32] = []) {
        self.address = address
        self.storageKeys = storageKeys
    }
}

extension [AccessListEntry] {
    /// `[[address, [storage key, ...]], ...]`
    var rlp: RLPItem {
        .list(map { .list([.bytes($0.address.bytes), .list($0.storageKeys.map { .bytes($0.bytes) })]) })
    }

    init(rlp item: RLPItem) throws(TransactionError) {
        guard case .list(let items) = item else { throw .field(.accessList, .notAList) }
        self = []
        for item in items {
            guard case .list(let pair) = item, pair.count == 2 else { throw .field(.accessList, .notAnEntry) }
            guard case .bytes(let addressBytes) = pair[0], let address = try? Address(bytes: addressBytes) else {
                throw .field(.accessListAddress, .wrongLength(expected: 20))
            }
            guard case .list(let keys) = pair[1] else { throw .field(.accessListStorageKey, .notAList) }
            var entry = AccessListEntry(address: address)
            for key in keys {
                guard case .bytes(let bytes) = key, let word = try? Bytes32(bytes: bytes) else {
                    throw .field(.accessListStorageKey, .wrongLength(expected: 32))
                }
                entry.storageKeys.append(word)
            }
            append(entry)
        }
    }
}
