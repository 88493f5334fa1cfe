import CurlHTTP
import Testing

@testable import EthereumRPC

@Suite struct ErrorClassTests {
    /// What the clients say, word by word.
    @Test(arguments: [
        // geth
        (-32000, "nonce too low: next nonce 5, tx nonce 4", RPCErrorClass.nonceTooLow),
        (-32000, "already known", .alreadyKnown),
        (-32000, "replacement transaction underpriced", .replacementUnderpriced),
        (-32000, "transaction underpriced: gas tip cap 0, minimum needed 1", .underpriced),
        (
            -32000, "insufficient funds for gas * price + value: balance 0, tx cost 21000, overshot 21000",
            .insufficientFunds
        ),
        (-32000, "intrinsic gas too low: gas 20999, minimum needed 21000", .intrinsicGasTooLow),
        (-32000, "insufficient gas for floor data gas cost: gas 21000, minimum needed 21400", .intrinsicGasTooLow),
        (-32000, "exceeds block gas limit", .gasLimitExceeded),
        (-32000, "transaction gas limit too high (cap: 16777216, tx: 30000000)", .gasLimitExceeded),
        (-32000, "max fee per gas less than block base fee: address 0x0, maxFeePerGas: 1, baseFee: 2", .feeTooLow),
        (-32000, "max priority fee per gas higher than max fee per gas: address 0x0", .feeTooLow),
        (-32000, "tx fee (2.00 ether) exceeds the configured cap (1.00 ether)", .feeTooHigh),
        (-32000, "txpool is full", .poolFull),
        (-32000, "in-flight transaction limit reached for delegated accounts", .poolFull),
        (-32000, "invalid chain id for signer: have 1 want 2", .invalidTransaction),
        (-32000, "only replay-protected (EIP-155) transactions allowed over RPC", .invalidTransaction),
        (-32000, "rlp: element is larger than containing list", .invalidTransaction),
        (3, "execution reverted: nonce too low", .reverted),
        (-32000, "execution reverted: insufficient funds", .reverted),
        (-32000, "gas required exceeds allowance (21000)", .executionFailed),
        (-32000, "missing trie node 0a0b (path ) state 0x0 is not available", .stateUnavailable),
        (-32000, "header not found", .headerNotFound),
        (-32602, "block range extends beyond current head block", .headerNotFound),
        (-32602, "invalid block range params", .invalidParams),
        (-32602, "invalid argument 0: hex string without 0x prefix", .invalidParams),
        (-32601, "the method eth_x does not exist/is not available", .methodNotFound),
        (-32600, "batch too large", .batchRefused),
        // erigon
        (-32000, "INTERNAL_ERROR: could not replace existing tx", .replacementUnderpriced),
        (-32000, "INTERNAL_ERROR: existing txn with same hash", .alreadyKnown), (-32000, "underpriced", .underpriced),
        (-32000, "fee too low", .underpriced), (-32000, "pending sub-pool is full", .poolFull),
        (-32000, "IntrinsicGas", .intrinsicGasTooLow), (-32000, "gas limit is too high", .gasLimitExceeded),
        // nethermind
        (-32010, "AlreadyKnown", .alreadyKnown),
        (-32010, "OldNonce, Current nonce: 5, nonce of rejected tx: 2", .nonceTooLow),
        (-32010, "NonceGap, Future nonce. Expected nonce: 1", .nonceTooHigh),
        (-32010, "nonce too far in future", .nonceTooHigh), (-32010, "FeeTooLow, MaxFeePerGas too low", .underpriced),
        (-32010, "FeeTooLowToCompete", .poolFull),
        (-32010, "InsufficientFunds, Account balance: 0", .insufficientFunds),
        (-32010, "ReplacementNotAllowed", .replacementUnderpriced),
        (-32010, "failed to recover sender", .invalidTransaction),
        (-32010, "node is syncing", .unavailable), (-32015, "VM execution error.", .executionFailed),
        // besu
        (-32000, "Known transaction", .alreadyKnown), (-32001, "Nonce too low", .nonceTooLow),
        (-32006, "Nonce too high", .nonceTooHigh),
        (-32000, "Transaction nonce is too distant from current sender nonce", .nonceTooHigh),
        (-32000, "An invalid transaction with a lower nonce exists", .nonceTooHigh),
        (-32000, "Replacement transaction underpriced", .replacementUnderpriced),
        (-32004, "Upfront cost exceeds account balance", .insufficientFunds),
        (-32003, "Intrinsic gas exceeds gas limit", .intrinsicGasTooLow),
        (-32005, "Transaction gas limit exceeds block gas limit", .gasLimitExceeded),
        (-32009, "Gas price below configured minimum gas price", .underpriced),
        (-32009, "Gas price below current base fee", .feeTooLow), (-32000, "Transaction fee cap exceeded", .feeTooHigh),
        (-32000, "Max priority fee per gas exceeds max fee per gas", .feeTooLow),
        (-32005, "Requested range exceeds maximum RPC range limit", .rangeTooLarge),
        (-32005, "Number of requests exceeds max batch size", .batchRefused),
        (-32000, "World state unavailable", .stateUnavailable), (-32000, "Block not found", .headerNotFound),
        (-32008, "Initial sync is still in progress", .unavailable), (-32000, "Wrong chainId", .invalidTransaction),
        (-32604, "Method not enabled", .methodNotFound), (-32000, "Execution reverted", .reverted),
        // reth
        (-32001, "block not found: 0x186a0", .headerNotFound), (-32003, "txpool is full", .poolFull),
        (-32000, "exceeds max transaction gas limit", .gasLimitExceeded),
        (4444, "pruned history unavailable", .stateUnavailable),
        (-32602, "distance to target block exceeds maximum proof window", .stateUnavailable),
        (-32602, "failed to decode signed transaction", .invalidTransaction),
        // anvil and hardhat
        (-32003, "Tx: [0x00] already Imported", .alreadyKnown),
        (-32003, "Tx: [0x00] insufficient gas price to replace existing transaction", .replacementUnderpriced),
        (-32003, "Insufficient funds for gas * price + value", .insufficientFunds),
        (-32602, "intrinsic gas too high -- CallerGasLimitMoreThanBlock", .gasLimitExceeded),
        (-32602, "BlockOutOfRangeError: block height is 1 but requested was 2", .headerNotFound),
        (-32603, "Nonce too low. Expected nonce to be 5 but got 4.", .nonceTooLow),
        (-32603, "Known transaction: 0x00", .alreadyKnown),
        (-32603, "Sender doesn't have enough funds to send tx. The max upfront cost is: 1", .insufficientFunds),
        (-32603, "VM Exception while processing transaction: reverted with reason string 'nonce too low'", .reverted),
        (-32603, "Internal error", .unavailable),
        // providers
        (-32005, "daily request count exceeded, request rate limited", .rateLimited),
        (-32005, "query returned more than 10000 results. Try with this block range [0x1, 0x2].", .rangeTooLarge),
        (429, "Your app has exceeded its compute units per second capacity.", .rateLimited),
        (
            -32602, "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range",
            .rangeTooLarge
        ),
        (-32614, "eth_getLogs is limited to a 10,000 range", .rangeTooLarge), (-32016, "over rate limit", .rateLimited),
        (-32011, "no backend is currently healthy to serve traffic", .unavailable), (-32000, "something else", .other),
    ])
    func knowsTheWordsOfEveryClient(code: Int, message: String, expected: RPCErrorClass) {
        #expect(RPCErrorClass(code: code, message: message) == expected)
    }

    @Test func saysWhatABroadcastLeavesOpen() {
        for found in RPCErrorClass.allCases {
            let mayBeOut: Set<RPCErrorClass> = [
                .alreadyKnown, .nonceTooLow, .unavailable, .other, .headerNotFound, .stateUnavailable, .rangeTooLarge,
                .reverted, .executionFailed,
            ]
            #expect(found.isDefiniteRefusal == !mayBeOut.contains(found))
        }
    }

    @Test func readsRetryAfterInAllItsForms() {
        #expect(RetryAfter.parse("120", date: nil) == .seconds(120))
        #expect(RetryAfter.parse("999999999999", date: nil) == .seconds(3600))
        let date = "Sun, 06 Nov 1994 08:49:37 GMT"
        #expect(RetryAfter.seconds(httpDate: date) == 784_111_777)
        #expect(RetryAfter.seconds(httpDate: "Thu, 29 Feb 2024 00:00:00 GMT") == 1_709_164_800)
        for other in ["Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            #expect(RetryAfter.seconds(httpDate: other) == 784_111_777)
        }
        #expect(RetryAfter.seconds(httpDate: "Thursday, 29-Feb-24 00:00:00 GMT") == 1_709_164_800)
        #expect(RetryAfter.parse("Sun, 06 Nov 1994 08:50:07 GMT", date: date) == .seconds(30))
        #expect(RetryAfter.parse(date, date: "Sun, 06 Nov 1994 08:50:07 GMT") == .zero)
        // Without a date of the answer's own the machine's clock counts, and however wrong that is, the wait is bounded.
        for noDate in [nil, "yesterday"] {
            #expect(RetryAfter.parse(date, date: noDate) { 784_111_777 - 30 } == .seconds(30))
            #expect(RetryAfter.parse(date, date: noDate) { 784_111_777 + 30 } == .zero)
            #expect(RetryAfter.parse(date, date: noDate) { 0 } == .seconds(3600))
        }
        #expect(RetryAfter.parse("Fri, 31 Dec 9999 23:59:59 GMT", date: nil) == .seconds(3600))
        #expect(RetryAfter.parse(date, date: nil) == .zero)
        for wrong in [
            "", "-1", "soon", "1.5", "Sun, 06 Nov 1994 25:49:37 GMT", "06 Nov 1994", "Sun Nov 6 1994", "- - - - -",
        ] {
            #expect(RetryAfter.parse(wrong, date: date) == nil)
        }
    }

    @Test func backsOffExponentiallyWithJitter() {
        let backoff = Backoff(first: .milliseconds(100), longest: .seconds(1))
        #expect((0..<6).map { backoff.wait(round: $0, random: 1) } == [0.1, 0.2, 0.4, 0.8, 1, 1].map { .seconds($0) })
        #expect(backoff.wait(round: 1, random: 0) == .milliseconds(100))
        #expect(backoff.wait(round: .max, random: 7) == .seconds(1))
    }
}
