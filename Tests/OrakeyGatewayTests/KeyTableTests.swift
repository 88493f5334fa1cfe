import EthereumCore
import Testing

@testable import OrakeyGateway

@Suite struct KeyTableTests {
    /// A long run of random changes, against a dictionary. Few distinct home slots, so that runs of neighbours form,
    /// wrap around the end, and are taken apart again.
    @Test(arguments: 0..<8) func itIsADictionary(run: Int) {
        var table = KeyTable()
        var model: [KeyTag: KeyTable.State] = [:]
        for _ in 0..<20_000 {
            let tag = KeyTag(low: UInt64.random(in: 0..<40) &- 20, high: UInt64.random(in: 0..<20))
            let state: KeyTable.State? =
                switch Int.random(in: 0..<4) {
                case 0: nil
                case 1: .disabled
                default: .created(block: UInt64.random(in: 0..<UInt64(UInt32.max)))
                }
            table[tag] = state
            model[tag] = state
            #expect(table[tag] == state)
        }
        #expect(table.count == model.count)
        for low in 0..<UInt64(40) {
            for high in 0..<UInt64(20) {
                let tag = KeyTag(low: low &- 20, high: high)
                #expect(table[tag] == model[tag])
            }
        }
    }

    @Test func itGrowsBeyondItsCapacity() {
        let key = TagKey()
        var table = KeyTable(capacity: 10)
        func tag(_ number: Int) -> KeyTag { key.tag(network: number, owner: .zero, message: .zero) }
        for number in 0..<50_000 { table[tag(number)] = number % 3 == 0 ? .disabled : .created(block: UInt64(number)) }
        #expect(table.count == 50_000)
        for number in 0..<50_000 {
            #expect(table[tag(number)] == (number % 3 == 0 ? .disabled : .created(block: UInt64(number))))
        }
        #expect(table[tag(50_000)] == nil)
    }

    @Test func tagsDependOnAKeyOfTheProcess() throws {
        let (one, other) = (TagKey(), TagKey())
        let parts = (network: 1, owner: address(1), message: word(1))
        #expect(
            one.tag(network: parts.network, owner: parts.owner, message: parts.message)
                != other.tag(network: parts.network, owner: parts.owner, message: parts.message))
        let same = one.tag(network: parts.network, owner: parts.owner, message: parts.message)
        #expect(same == one.tag(network: parts.network, owner: parts.owner, message: parts.message))
        #expect(same != one.tag(network: 2, owner: parts.owner, message: parts.message))
        #expect(same != one.tag(network: 1, owner: address(2), message: parts.message))
        #expect(same != one.tag(network: 1, owner: parts.owner, message: word(2)))
    }
}

@Suite struct IdentityCacheTests {
    @Test func itRemembersAndStaysWithinItsBounds() throws {
        let tags = TagKey()
        var cache = IdentityCache(capacity: 64)
        var known: [KeyTag] = []
        for number in 0..<1000 {
            let identity = try identity(1, UInt64(number), tags: tags)
            cache.insert(identity, for: identity.tag)
            known.append(identity.tag)
            #expect(cache[identity.tag]?.message == identity.message)
        }
        let left = known.filter { cache[$0] != nil }
        #expect(left.count <= 64)
        #expect(left.count > 32)
    }

    @Test func theSameTextTakesOnePlace() throws {
        let tags = TagKey()
        var cache = IdentityCache(capacity: 4)
        let first = try identity(1, 1, tags: tags)
        for _ in 0..<10 { cache.insert(first, for: first.tag) }
        let others = try (2...4).map { try identity(1, $0, tags: tags) }
        for other in others { cache.insert(other, for: other.tag) }
        #expect(cache[first.tag] != nil)
        #expect(others.allSatisfy { cache[$0.tag] != nil })
    }
}
