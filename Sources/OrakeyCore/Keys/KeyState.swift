/// Where a key stands in its life.
///
/// | from | event | to |
/// | --- | --- | --- |
/// | (none), orphaned | create mined | pending |
/// | pending | create confirmed | pooled |
/// | pooled | assigned to a consumer | current |
/// | current | successor handed out | retiring |
/// | pending, pooled, current, retiring, foreign | create un-mined | orphaned |
/// | any but disabled | revoked, or its grace is over | disabling |
/// | any | disable confirmed on chain | disabled |
/// | disabled | disable un-mined | disabling |
/// | foreign, recovered | adopted by an operator | pooled |
///
/// Every pair that the table does not name is refused.
public enum KeyState: String, Sendable, CaseIterable {
    /// Created in a block that is not yet deep enough.
    case pending
    /// Confirmed and never handed to anyone.
    case pooled
    /// The key its consumer is given.
    case current
    /// Replaced, valid until its grace is over.
    case retiring
    /// Out of circulation; the disable is on its way.
    case disabling
    /// Dead on chain.
    case disabled
    /// Its create was reorged away.
    case orphaned
    /// Created on chain by somebody else with this wallet.
    case foreign
    /// Rebuilt from the chain without this host's history.
    case recovered

    /// Something that happens to one key.
    public enum Event: Sendable, CaseIterable {
        case createMined, createConfirmed, createUnmined, assigned, replaced, revoked, disableConfirmed, disableUnmined
        case adopted
    }

    /// The state after `event`, or nil when the event cannot happen in this state.
    public func after(_ event: Event) -> KeyState? {
        switch (self, event) {
        case (.orphaned, .createMined), (.pending, .createMined): .pending
        case (.pending, .createConfirmed): .pooled
        case (.pooled, .assigned): .current
        case (.current, .replaced): .retiring
        case (.pending, .createUnmined), (.pooled, .createUnmined), (.current, .createUnmined),
            (.retiring, .createUnmined), (.foreign, .createUnmined):
            .orphaned
        case (.disabled, .revoked): nil
        case (_, .revoked): .disabling
        case (_, .disableConfirmed): .disabled
        case (.disabled, .disableUnmined): .disabling
        case (.foreign, .adopted), (.recovered, .adopted): .pooled
        default: nil
        }
    }

    /// Whether nothing more happens to the key with time.
    var isEnded: Bool { self == .disabled || self == .orphaned }

    /// Whether a consumer may hold a key in this state.
    public var isInCirculation: Bool { self == .current || self == .retiring }
}
