/// What a JSON-RPC error means, whatever the client's words for it.
public enum RPCErrorClass: String, Sendable, Hashable, CaseIterable {
    /// The nonce is used up: the transaction, or another one in its place, is mined.
    case nonceTooLow
    /// The nonce leaves a gap, or too large a gap.
    case nonceTooHigh
    /// The endpoint has this very transaction.
    case alreadyKnown
    /// Another transaction has this nonce, and this one does not pay enough more.
    case replacementUnderpriced
    /// It pays less than the endpoint's pool takes.
    case underpriced
    /// Its fee cap is below the base fee, or its tip is above its fee cap.
    case feeTooLow
    /// It pays more than the endpoint lets pass.
    case feeTooHigh
    /// The sender cannot pay for it.
    case insufficientFunds
    /// Its gas limit does not cover its bytes.
    case intrinsicGasTooLow
    /// Its gas limit is above the block's or the endpoint's.
    case gasLimitExceeded
    /// The pool is full.
    case poolFull
    /// The bytes are no transaction that this chain takes: signature, chain id, type, size.
    case invalidTransaction
    /// Executed, and reverted.
    case reverted
    /// Executed, and failed otherwise: out of gas, invalid opcode.
    case executionFailed
    /// The endpoint does not have this method.
    case methodNotFound
    /// The parameters do not fit the method.
    case invalidParams
    /// The request as a whole was refused.
    case invalidRequest
    /// The batch is too large, or batches are not served.
    case batchRefused
    /// Too many requests.
    case rateLimited
    /// The endpoint does not know the block, or not yet.
    case headerNotFound
    /// The endpoint has thrown the state of that block away.
    case stateUnavailable
    /// The range or the answer is too large: ask for less.
    case rangeTooLarge
    /// The endpoint is in trouble: starting, syncing, out of order, internal error.
    case unavailable
    /// None of these.
    case other

    /// Whether a read may succeed when asked again, here or elsewhere.
    var isRetryable: Bool {
        switch self {
        case .rateLimited, .headerNotFound, .stateUnavailable, .unavailable, .methodNotFound: true
        default: false
        }
    }

    /// Whether a broadcast refused in these words has certainly not entered the pool. Not after a revert: chains that
    /// mine at once (hardhat, ganache, some sequencers) answer so about a transaction that they have included.
    var isDefiniteRefusal: Bool {
        switch self {
        case .alreadyKnown, .nonceTooLow, .unavailable, .other, .headerNotFound, .stateUnavailable, .rangeTooLarge,
            .reverted, .executionFailed:
            false
        default: true
        }
    }
}
