import EthereumCore
import Testing

@testable import OrakeyCore

/// What a caller that waits for confirmation waits for.
@Suite struct VigilTests {
    private let start = Timestamp(milliseconds: 1_000_000)
    private let old = Keccak256.hash([1])
    private var awaited: KeyAgent.AwaitedKey { .init(network: LedgerFixture.network, message: old) }
    private var horizon: Timestamp { start.adding(seconds: 60) }

    private func intent(
        _ id: Int64, _ payload: Intent.Payload, _ state: Intent.State = .planned, after seconds: Int64 = 0
    ) -> Intent {
        var intent = Intent(
            id: id, network: LedgerFixture.network, payload: payload, isUrgent: false,
            notBefore: start.adding(seconds: seconds), createdAt: start)
        intent.state = state
        return intent
    }

    private func key(_ state: KeyState) -> KeyRecord {
        KeyRecord(network: LedgerFixture.network, owner: LedgerFixture.owner, message: old, state: state)
    }

    @Test func aRotationOnAnEmptyPoolEndsWithTheDisable() {
        var vigil = Vigil(for: [intent(1, .create(count: 1))], awaiting: [awaited], until: horizon)
        vigil.note(intent(1, .create(count: 1), .confirmed))
        #expect(!vigil.isOver, "the old key still lives")
        vigil.note(key(.retiring))
        vigil.note(intent(2, .disable([old])))
        vigil.note(intent(2, .disable([old]), .mined))
        #expect(!vigil.isOver)
        vigil.note(intent(2, .disable([old]), .confirmed))
        #expect(vigil.isOver && vigil.isGood)
        #expect(vigil.found == [2])
    }

    @Test func aLongerGraceIsNotWaitedFor() {
        var vigil = Vigil(for: [intent(1, .create(count: 1), .confirmed)], awaiting: [awaited], until: horizon)
        vigil.note(intent(2, .disable([old]), after: 61))
        #expect(vigil.isOver && vigil.isGood)
    }

    @Test func withoutACreateThereIsNoSuccessor() {
        var vigil = Vigil(for: [intent(1, .create(count: 1))], awaiting: [awaited], until: horizon)
        vigil.note(intent(1, .create(count: 1), .failed))
        #expect(vigil.isOver && !vigil.isGood)
    }

    @Test(arguments: [KeyState.disabled, .orphaned, .foreign]) func aKeyMayEndInAnotherWay(state: KeyState) {
        var vigil = Vigil(for: [], awaiting: [awaited], until: horizon)
        #expect(!vigil.isOver)
        vigil.note(key(.disabling))
        #expect(!vigil.isOver)
        vigil.note(key(state))
        #expect(vigil.isOver && vigil.isGood)
    }

    @Test func othersAreNoneOfItsBusiness() {
        var vigil = Vigil(for: [intent(1, .create(count: 1))], awaiting: [awaited], until: horizon)
        vigil.note(intent(3, .disable([Keccak256.hash([9])]), .failed))
        vigil.note(intent(4, .create(count: 2), .failed))
        #expect(vigil.isGood && !vigil.isOver && vigil.found.isEmpty)
    }

    @Test func whatHasEndedBeforeCounts() {
        let vigil = Vigil(for: [intent(1, .create(count: 1), .cancelled)], awaiting: [], until: horizon)
        #expect(vigil.isOver && !vigil.isGood)
    }
}
