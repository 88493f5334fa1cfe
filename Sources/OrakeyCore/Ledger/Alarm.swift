/// A named condition that an operator should know of; it stands until its cause is gone.
public struct Alarm: Sendable, Equatable {
    public enum Code: String, Sendable, CaseIterable {
        /// A key was created with this wallet, but not by this host.
        case foreignCreate = "foreign_create"
        /// A key was disabled with this wallet (or by the revoker), but not by this host.
        case foreignDisable = "foreign_disable"
        /// A transaction of somebody else took a nonce this host had signed for.
        case foreignTransaction = "foreign_transaction"
        /// The account can't pay for a transaction.
        case insufficientFunds = "insufficient_funds"
        /// The balance is below the configured level.
        case lowBalance = "low_balance"
        /// A transaction would have to pay more than the configured cap.
        case feeCapReached = "fee_cap_reached"
        /// The contract refuses a call; the reason is in the message.
        case contractReverts = "contract_reverts"
        /// The contract issued a message that is not larger than an earlier one, or of the wrong form.
        case badMessage = "bad_message"
        /// The chain went back below the settled depth.
        case deepReorg = "deep_reorg"
        /// The chain can't be reached or gives wrong answers.
        case chainUnreachable = "chain_unreachable"
        /// An endpoint stays behind what other endpoints, or earlier looks, have shown of the chain.
        case endpointsDisagree = "endpoints_disagree"
        /// The revoker can't do its part: not appointed, without funds, or refused.
        case revokerUnusable = "revoker_unusable"
        /// The journal can't be written.
        case journalFailed = "journal_failed"
        /// The journal was written by a newer program.
        case journalNewer = "journal_newer"
        /// The journal was damaged and has been begun anew.
        case journalCorrupt = "journal_corrupt"

        /// Whether the alarm tells of something that has happened and is not to be seen any more: it is journaled, and
        /// stands until an operator acknowledges it (a bad message also until a good one).
        public var isRemembered: Bool {
            switch self {
            case .foreignDisable, .foreignTransaction, .badMessage, .journalCorrupt: true
            case .foreignCreate, .insufficientFunds, .lowBalance, .feeCapReached, .contractReverts, .deepReorg,
                .chainUnreachable, .endpointsDisagree, .revokerUnusable, .journalFailed, .journalNewer:
                false
            }
        }
    }

    public let code: Code
    public var message: String
    public let since: Timestamp

    public init(code: Code, message: String, since: Timestamp) {
        self.code = code
        self.message = message
        self.since = since
    }
}
