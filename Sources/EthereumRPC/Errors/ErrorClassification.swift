extension RPCErrorClass {
    /// Classifies an error of geth, erigon, nethermind, besu, reth, anvil, hardhat or a provider's front.
    ///
    /// Codes of the specification come first. The codes from -32000 to -32099 mean something else in each client, so
    /// that their texts are looked at before them.
    public init(code: Int, message: String) {
        let text = message.lowercased()
        switch code {
        // EIP-1474 and geth: execution reverted.
        case 3: self = .reverted
        case -32700: self = .invalidRequest
        case -32600: self = Self.matching(text, in: Self.batchTexts + Self.limitTexts) ?? .invalidRequest
        case -32601: self = .methodNotFound
        case -32602:
            self = Self.matching(text, in: Self.readTexts + Self.limitTexts + Self.transactionTexts) ?? .invalidParams
        default: self = Self.matching(text, in: Self.allTexts) ?? Self.byServerCode(code)
        }
    }

    /// Codes that mean one thing wherever they are used, for messages that no table knows.
    private static func byServerCode(_ code: Int) -> RPCErrorClass {
        switch code {
        // EIP-1474 §Error codes; -32016 is op-stack's proxyd; 429 is Alchemy's and others'.
        case -32005, -32016, 429: .rateLimited
        case -32001: .headerNotFound
        case -32002, -32011, -32603: .unavailable
        case -32003, -32010: .invalidTransaction
        case -32004, -32604: .methodNotFound
        case 4444: .stateUnavailable
        case -32015: .executionFailed
        default: .other
        }
    }

    private typealias Row = (text: String, class: RPCErrorClass)

    private static func matching(_ text: String, in rows: [Row]) -> RPCErrorClass? {
        rows.first { text.contains($0.text) }?.class
    }

    /// Reverts come first: what a contract says in its reason must not pass for the endpoint's own words.
    private static let allTexts =
        revertTexts + transactionTexts + executionTexts + readTexts + limitTexts + batchTexts + troubleTexts

    /// Refusals of a transaction. Longer texts stand before the shorter ones that they contain.
    private static let transactionTexts: [Row] = [
        // geth, erigon, reth: "already known"; besu, hardhat: "Known transaction"; nethermind: "AlreadyKnown";
        // anvil: "transaction already imported"; OpenEthereum: "with the same hash was already imported"
        ("already known", .alreadyKnown), ("alreadyknown", .alreadyKnown), ("known transaction", .alreadyKnown),
        ("already imported", .alreadyKnown), ("already in mempool", .alreadyKnown),
        ("already exists in the pool", .alreadyKnown), ("transaction already exists", .alreadyKnown),
        // erigon: "existing txn with same hash", "existing tx with same hash"
        ("with same hash", .alreadyKnown),
        // besu: "An invalid transaction with a lower nonce exists"
        ("with a lower nonce exists", .nonceTooHigh),
        // geth, erigon, reth, anvil, besu, hardhat: "nonce too low"; nethermind: "OldNonce"
        ("nonce too low", .nonceTooLow), ("oldnonce", .nonceTooLow), ("nonce is too low", .nonceTooLow),
        ("nonce has already been used", .nonceTooLow), ("lower than the current nonce", .nonceTooLow),
        ("nonce too high", .nonceTooHigh), ("noncegap", .nonceTooHigh), ("nonce too far", .nonceTooHigh),
        ("noncetoofarinfuture", .nonceTooHigh), ("nonce is too distant", .nonceTooHigh), ("nonce gap", .nonceTooHigh),
        ("gapped-nonce", .nonceTooHigh), ("future transaction tries to replace pending", .nonceTooHigh),
        // geth, reth, anvil, hardhat, besu; erigon: "could not replace existing tx"; nethermind:
        // "ReplacementNotAllowed"
        ("replacement transaction underpriced", .replacementUnderpriced),
        ("could not replace existing tx", .replacementUnderpriced),
        ("replacementnotallowed", .replacementUnderpriced), ("replacement not allowed", .replacementUnderpriced),
        ("another transaction with same nonce", .replacementUnderpriced),
        ("gas price too low to replace", .replacementUnderpriced),
        ("insufficient fee to replace", .replacementUnderpriced),
        ("gas price to replace existing", .replacementUnderpriced),
        // Base fee and tip
        ("less than block base fee", .feeTooLow), ("lower than the current base fee", .feeTooLow),
        ("below current base fee", .feeTooLow), ("less than the current base fee", .feeTooLow),
        ("lower than the block base fee", .feeTooLow),
        ("is too low for the next block", .feeTooLow), ("max fee per gas too low", .feeTooLow),
        ("feecaptoolow", .feeTooLow), ("feetoolowtocompete", .poolFull), ("fee cap less than block", .feeTooLow),
        ("fee cap too low", .feeTooLow),
        ("higher than max fee per gas", .feeTooLow), ("exceeds max fee per gas", .feeTooLow),
        ("max priority fee per gas greater than max fee per gas", .feeTooLow),
        ("exceeds the configured cap", .feeTooHigh), ("fee exceeds cap", .feeTooHigh),
        ("fee cap exceeded", .feeTooHigh),
        // The pool's own minimum
        ("transaction underpriced", .underpriced), ("feetoolow", .underpriced), ("fee too low", .underpriced),
        ("gas price too low", .underpriced), ("gas price is too low", .underpriced),
        ("gas price below configured minimum", .underpriced), ("gas tip cap", .underpriced),
        ("priority fee below minimum", .underpriced), ("underpriced", .underpriced),
        // Money
        ("insufficient funds", .insufficientFunds), ("insufficientfunds", .insufficientFunds),
        ("insufficient balance", .insufficientFunds), ("upfront cost exceeds", .insufficientFunds),
        ("doesn't have enough funds", .insufficientFunds), ("does not have enough funds", .insufficientFunds),
        ("exceeds account balance", .insufficientFunds), ("exceeds the balance", .insufficientFunds),
        ("lack of funds", .insufficientFunds),
        // Gas; anvil and reth say "intrinsic gas too high" of a gas limit above the block's
        ("intrinsic gas too high", .gasLimitExceeded),
        ("intrinsic gas", .intrinsicGasTooLow), ("intrinsicgas", .intrinsicGasTooLow),
        ("floor data gas", .intrinsicGasTooLow), ("gas limit is too low", .intrinsicGasTooLow),
        ("exceeds block gas limit", .gasLimitExceeded), ("gaslimitexceeded", .gasLimitExceeded),
        ("gas limit too high", .gasLimitExceeded), ("gas limit is too high", .gasLimitExceeded),
        ("exceeds the gas limit", .gasLimitExceeded), ("exceeds max transaction gas limit", .gasLimitExceeded),
        ("greater than the block gas limit", .gasLimitExceeded), ("gas limit reached", .gasLimitExceeded),
        // Pool
        ("txpool is full", .poolFull), ("pool is full", .poolFull), ("transaction pool limit", .poolFull),
        ("account limit exceeded", .poolFull), ("toomanytx", .poolFull),
        ("in-flight transaction limit", .poolFull),
        // Bytes
        ("invalid chain id", .invalidTransaction), ("chain id", .invalidTransaction), ("chainid", .invalidTransaction),
        ("invalid sender", .invalidTransaction), ("failedtoresolvesender", .invalidTransaction),
        ("invalid signature", .invalidTransaction), ("invalid transaction signature", .invalidTransaction),
        ("only replay-protected", .invalidTransaction), ("transaction type not supported", .invalidTransaction),
        ("rlp: ", .invalidTransaction), ("oversized data", .invalidTransaction), ("initcode size", .invalidTransaction),
        ("invalid transaction", .invalidTransaction), ("failed to decode", .invalidTransaction),
        ("transaction invalid", .invalidTransaction), ("failed to recover sender", .invalidTransaction),
        ("not an eoa", .invalidTransaction), ("transaction too large", .invalidTransaction),
        ("unsupported transaction type", .invalidTransaction), ("transaction cost overflow", .invalidTransaction),
        ("initcode too large", .invalidTransaction), ("eip-155", .invalidTransaction),
        ("negative value", .invalidTransaction),
        ("transaction type is not activated", .invalidTransaction), ("rlptoolong", .invalidTransaction),
    ]

    private static let revertTexts: [Row] = [
        ("execution reverted", .reverted), ("reverted with", .reverted), ("processing transaction: revert", .reverted),
    ]

    private static let executionTexts: [Row] = [
        ("transaction reverted", .reverted), ("reverted without a reason", .reverted), ("reverted", .reverted),
        ("out of gas", .executionFailed), ("gas required exceeds allowance", .executionFailed),
        ("invalid opcode", .executionFailed), ("stack underflow", .executionFailed),
        ("stack overflow", .executionFailed),
        ("invalid jump", .executionFailed), ("vm execution error", .executionFailed),
        ("always failing transaction", .executionFailed),
    ]

    private static let readTexts: [Row] = [
        ("invalid block range", .invalidParams),
        ("missing trie node", .stateUnavailable), ("historical state", .stateUnavailable),
        ("pruned", .stateUnavailable),
        ("state not available", .stateUnavailable), ("state is not available", .stateUnavailable),
        ("exceeds maximum proof window", .stateUnavailable), ("world state unavailable", .stateUnavailable),
        ("archive", .stateUnavailable), ("no state available", .stateUnavailable),
        ("header not found", .headerNotFound), ("header for hash not found", .headerNotFound),
        ("block not found", .headerNotFound), ("unknown block", .headerNotFound),
        ("cannot query unfinalized", .headerNotFound),
        ("could not find block", .headerNotFound), ("beyond current head", .headerNotFound),
        ("after last accepted block", .headerNotFound), ("block is out of range", .headerNotFound),
        ("blockoutofrange", .headerNotFound),
        ("header range not found", .headerNotFound), ("receipts not found", .headerNotFound),
        ("hash is not currently canonical", .headerNotFound),
    ]

    private static let limitTexts: [Row] = [
        ("query returned more than", .rangeTooLarge), ("block range", .rangeTooLarge), ("range is too", .rangeTooLarge),
        ("range too large", .rangeTooLarge), ("max range", .rangeTooLarge), ("ranges over", .rangeTooLarge),
        ("limited to a", .rangeTooLarge), ("maximum block range", .rangeTooLarge), ("too many results", .rangeTooLarge),
        ("response size exceeded", .rangeTooLarge), ("response is too big", .rangeTooLarge),
        ("response too large", .rangeTooLarge), ("max results", .rangeTooLarge), ("too many blocks", .rangeTooLarge),
        ("rpc range limit", .rangeTooLarge),
        ("exceed max topics", .rangeTooLarge), ("exceeds max block range", .rangeTooLarge),
        ("rate limit", .rateLimited), ("too many requests", .rateLimited), ("rate exceeded", .rateLimited),
        ("request limit", .rateLimited), ("compute units", .rateLimited),
        ("daily request count exceeded", .rateLimited),
        ("throughput", .rateLimited), ("throttl", .rateLimited), ("capacity exceeded", .rateLimited),
        ("requests per second", .rateLimited), ("limit exceeded", .rateLimited),
    ]

    private static let batchTexts: [Row] = [
        ("batch", .batchRefused)
    ]

    private static let troubleTexts: [Row] = [
        ("method not found", .methodNotFound), ("does not exist/is not available", .methodNotFound),
        ("method is not supported", .methodNotFound), ("unsupported method", .methodNotFound),
        ("not whitelisted", .methodNotFound), ("method not supported", .methodNotFound),
        ("sync is still in progress", .unavailable), ("pool not enabled", .unavailable), ("no backend", .unavailable),
        ("internal error", .unavailable), ("syncing", .unavailable),
        ("temporarily unavailable", .unavailable), ("request timed out", .unavailable), ("timeout", .unavailable),
        ("try again", .unavailable), ("service unavailable", .unavailable), ("bad gateway", .unavailable),
    ]
}
