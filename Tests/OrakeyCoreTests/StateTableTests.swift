import OrakeyCore
import Testing

@Suite struct StateTableTests {
    /// The documented table, pair by pair; everything else must be refused.
    @Test func keyStatesFollowTheirTableAndNothingElse() {
        let table: [(KeyState, KeyState.Event, KeyState)] = [
            (.orphaned, .createMined, .pending), (.pending, .createMined, .pending),
            (.pending, .createConfirmed, .pooled),
            (.pooled, .assigned, .current), (.current, .replaced, .retiring), (.pending, .createUnmined, .orphaned),
            (.pooled, .createUnmined, .orphaned), (.current, .createUnmined, .orphaned),
            (.retiring, .createUnmined, .orphaned), (.foreign, .createUnmined, .orphaned),
            (.disabled, .disableUnmined, .disabling),
            (.foreign, .adopted, .pooled), (.recovered, .adopted, .pooled),
        ]
        for state in KeyState.allCases {
            for event in KeyState.Event.allCases {
                let expected: KeyState? =
                    switch event {
                    case .revoked: state == .disabled ? nil : .disabling
                    case .disableConfirmed: .disabled
                    default: table.first { $0.0 == state && $0.1 == event }?.2
                    }
                #expect(state.after(event) == expected, "\(state) after \(event)")
            }
        }
    }
}
