import EthereumCore
import Testing

@testable import OrakeyCore

/// A chain that is shorter than before: an endpoint that lags, or another branch.
@Suite struct BranchMemoryTests {
    private func hash(_ number: UInt64, _ branch: UInt8 = 0) -> Bytes32 {
        Keccak256.hash([UInt8(truncatingIfNeeded: number), branch])
    }

    private func head(_ number: UInt64, _ branch: UInt8 = 0, parent: UInt8? = nil, time: UInt64? = nil) -> HeadMark {
        HeadMark(
            number: number, hash: hash(number, branch), parentHash: hash(number - 1, parent ?? branch),
            timestamp: time ?? 1_000 + 12 * number)
    }

    /// Blocks 8 to 10 were looked at, one by one.
    private var memory: BranchMemory {
        var memory = BranchMemory()
        for number: UInt64 in 8...10 {
            memory.remember(head(number))
            memory.acted(on: head(number))
        }
        return memory
    }

    @Test func whatWasNeverSeenIsNoMeasure() {
        #expect(BranchMemory().standing(of: head(3)) == .onward)
    }

    @Test func aChainThatIsAsLongIsJudgedByTheCursor() {
        #expect(memory.standing(of: head(10)) == .onward)
        #expect(memory.standing(of: head(10, 1)) == .onward)
        #expect(memory.standing(of: head(15, 1)) == .onward)
    }

    @Test func aBlockThatWasSeenIsLag() {
        #expect(memory.standing(of: head(9)) == .behind)
        #expect(memory.standing(of: head(7)) == .behind, "the parent of the first")
    }

    @Test func anotherBlockAtAHeightThatWasSeenIsAnotherBranch() {
        #expect(memory.standing(of: head(9, 1)) == .otherBranch)
        #expect(memory.standing(of: head(9, 1, parent: 0)) == .otherBranch)
    }

    @Test func anotherParentIsAnotherBranch() {
        var memory = BranchMemory()
        memory.remember(head(7))
        memory.remember(head(12))
        memory.acted(on: head(12))
        #expect(memory.standing(of: head(8, 1)) == .otherBranch)
        #expect(memory.standing(of: head(8)) == .behind)
    }

    @Test func afterARestartTheTimeTells() {
        var memory = BranchMemory()
        memory.recall(SeenHead(number: 10, timestamp: 1_120), blocks: [:])
        #expect(memory.standing(of: head(7, time: 1_084)) == .behind)
        #expect(memory.standing(of: head(7, time: 1_120)) == .behind)
        #expect(memory.standing(of: head(7, time: 1_121)) == .otherBranch, "younger than the tenth, so not below it")
        #expect(memory.standing(of: head(10, time: 1_121)) == .onward)
    }

    @Test func afterARestartTheJournalsBlocksTell() {
        var memory = BranchMemory()
        memory.recall(SeenHead(number: 10, timestamp: 1_120), blocks: [9: hash(9), 6: hash(6)])
        #expect(memory.standing(of: head(9)) == .behind)
        #expect(memory.standing(of: head(9, 1)) == .otherBranch)
        #expect(memory.standing(of: head(7, 1)) == .otherBranch, "its parent is another")
        #expect(memory.standing(of: head(8, 1)) == .behind, "nothing is known there")
    }

    @Test func whatThisRunHasSeenCountsMore() {
        var memory = memory
        memory.recall(SeenHead(number: 99, timestamp: 9_999), blocks: [9: hash(9, 1)])
        #expect(memory.newest == SeenHead(number: 10, timestamp: 1_120))
        #expect(memory.standing(of: head(9)) == .behind)
    }

    @Test func aLagThatLastsIsSpokenOfUntilABlockIsActedOn() {
        var memory = memory
        let answers = (0...BranchMemory.patience).map { _ in memory.lagsAgain() }
        #expect(answers == Array(repeating: false, count: BranchMemory.patience) + [true])
        memory.acted(on: head(11))
        let afterwards = memory.lagsAgain()
        #expect(!afterwards)
    }
}
