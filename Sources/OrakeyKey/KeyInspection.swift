public import EthereumCore
public import EthereumWallet

/// What can be said about a key without asking anyone.
public struct KeyInspection: Sendable {
    /// One way to read the signature.
    public struct Candidate: Sendable, Hashable {
        /// The scheme, if the owner signed in it.
        public let scheme: SigningScheme
        /// The owner, if this is the scheme.
        public let owner: Address
    }

    /// The key, taken apart.
    public let key: APIKey
    /// Its fingerprint.
    public let fingerprint: Fingerprint
    /// The owner under each scheme. A signature alone does not tell which it was made in: the address does, when it is
    /// known from elsewhere (``schemes(fitting:)``).
    public let candidates: [Candidate]

    /// Looks at a text.
    ///
    /// - Throws: ``APIKeyError`` when it is not a well-formed key.
    public init(_ text: SecretBytes) throws(APIKeyError) {
        key = try APIKey(parsing: text)
        fingerprint = Fingerprint(of: text)
        var candidates: [Candidate] = []
        for scheme in SigningScheme.allCases {
            if let owner = try? key.owner(scheme: scheme) { candidates.append(Candidate(scheme: scheme, owner: owner)) }
        }
        guard !candidates.isEmpty else { throw .noSigner }
        self.candidates = candidates
    }

    /// The schemes in which this owner can have signed: one, or none when the key is somebody else's.
    public func schemes(fitting owner: Address) -> [SigningScheme] {
        candidates.filter { $0.owner == owner }.map(\.scheme)
    }
}
