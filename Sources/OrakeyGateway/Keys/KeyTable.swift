/// What the chain says about every key of every owner: 24 bytes a key, and room to grow.
///
/// Open addressing with linear probing. Tags are a keyed hash already, so their bits are as good as random, whoever
/// chose the keys.
struct KeyTable: Sendable {
    /// What is known of one key.
    enum State: Equatable, Sendable {
        /// Created in this block and not disabled.
        case created(block: UInt64)
        /// Disabled, which is final.
        case disabled
    }

    private struct Slot {
        var tag = KeyTag(low: 0, high: 0)
        /// 0 for an empty slot, 1 for a disabled key, block << 2 | 2 for a created one.
        var state: UInt64 = 0
    }

    private static let smallest = 1024

    private var slots: [Slot]
    /// How many keys are in it.
    private(set) var count = 0

    /// A table with room for so many keys; it grows beyond.
    init(capacity: Int = 0) {
        slots = Array(repeating: Slot(), count: Self.size(for: capacity))
    }

    /// The state of a key; nil when the chain has not issued it.
    subscript(tag: KeyTag) -> State? {
        get {
            switch slots[position(of: tag)].state {
            case 0: nil
            case 1: .disabled
            case let state: .created(block: state >> 2)
            }
        }
        set {
            switch newValue {
            case nil: remove(tag)
            case .disabled: put(tag, 1)
            case .created(let block): put(tag, block << 2 | 2)
            }
        }
    }

    /// The slot of a tag, or the empty one where it would go.
    private func position(of tag: KeyTag) -> Int {
        var position = home(of: tag)
        while slots[position].state != 0, slots[position].tag != tag { position = (position + 1) & (slots.count - 1) }
        return position
    }

    private func home(of tag: KeyTag) -> Int { Int(truncatingIfNeeded: tag.low) & (slots.count - 1) }

    private mutating func put(_ tag: KeyTag, _ state: UInt64) {
        var place = position(of: tag)
        if slots[place].state == 0 {
            if Self.size(for: count + 1) > slots.count {
                grow()
                place = position(of: tag)
            }
            count += 1
        }
        slots[place] = Slot(tag: tag, state: state)
    }

    /// Takes a key out and moves up what had to make way for it, so that no search ends too early.
    private mutating func remove(_ tag: KeyTag) {
        var hole = position(of: tag)
        guard slots[hole].state != 0 else { return }
        count -= 1
        let mask = slots.count - 1
        var next = (hole + 1) & mask
        while slots[next].state != 0 {
            let distance = (next - home(of: slots[next].tag)) & mask
            if distance >= (next - hole) & mask {
                slots[hole] = slots[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        slots[hole] = Slot()
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: Slot(), count: old.count * 2)
        for slot in old where slot.state != 0 { slots[position(of: slot.tag)] = slot }
    }

    /// A power of two of which so many keys fill three quarters at most.
    private static func size(for count: Int) -> Int {
        var size = smallest
        while size / 4 * 3 < count { size *= 2 }
        return size
    }
}
