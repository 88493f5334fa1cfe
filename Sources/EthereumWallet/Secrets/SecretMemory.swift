import CSodium
import Synchronization

/// Where secrets live: pages from `sodium_malloc`, that is locked into memory, left out of core dumps and fenced by
/// guard pages.
///
/// A page of its own for each secret would cost four pages and a dozen system calls, more than signing does, so small
/// secrets share slabs: fixed-size slots, wiped when they are given back. Large ones get pages of their own.
package enum SecretMemory {
    /// Slot sizes of the shared slabs, in bytes.
    private static let slotSizes = [64, 128, 256, 512, 1024]
    /// Four pages less the 16 bytes that `sodium_malloc` keeps for its canary.
    private static let slabSize = 4 * 4096 - 16

    private struct Pools {
        /// For each slot size the slabs that have a free slot.
        var available: [[SecretSlab]] = Array(repeating: [], count: SecretMemory.slotSizes.count)
    }

    private static let pools = Mutex(Pools())
    private static let lockFailed = Atomic<Bool>(false)

    /// Starts libsodium once. It cannot fail where `getrandom(2)` exists, which is every Linux that runs Swift.
    static let ready: Void = {
        precondition(sodium_init() >= 0, "libsodium cannot start: the system has no random generator")
    }()

    /// False once the kernel refused to lock pages (`RLIMIT_MEMLOCK`): secrets may then reach swap space.
    package static var isLocked: Bool { !lockFailed.load(ordering: .relaxed) }

    /// Takes room for `count` bytes, all zero.
    static func allocate(_ count: Int) -> SecretBlock {
        precondition(count >= 0)
        guard let pool = slotSizes.firstIndex(where: { $0 >= count }) else {
            return unsafe SecretBlock(base: pages(count), capacity: count, slab: nil, slot: 0)
        }
        return pools.withLock { pools in
            let slab: SecretSlab
            if let last = pools.available[pool].last {
                slab = last
            } else {
                slab = unsafe SecretSlab(base: pages(slabSize), size: slabSize, slotSize: slotSizes[pool], pool: pool)
                slab.index = 0
                pools.available[pool].append(slab)
            }
            let slot = slab.free.removeLast()
            if slab.free.isEmpty {
                pools.available[pool].removeLast()
                slab.index = -1
            }
            return unsafe SecretBlock(
                base: slab.base + Int(slot) * slab.slotSize, capacity: slab.slotSize, slab: slab, slot: slot)
        }
    }

    /// Wipes a block and gives it back. A slab without any secret is freed unless it is the last one of its size.
    static func release(_ block: SecretBlock) {
        unsafe sodium_memzero(block.base, block.capacity)
        guard let slab = block.slab else {
            unsafe sodium_free(block.base)
            return
        }
        pools.withLock { pools in
            slab.free.append(block.slot)
            if slab.index < 0 {
                slab.index = pools.available[slab.pool].count
                pools.available[slab.pool].append(slab)
            }
            if slab.free.count == slab.slotCount, pools.available[slab.pool].count > 1 {
                let last = pools.available[slab.pool].removeLast()
                if last !== slab {
                    pools.available[slab.pool][slab.index] = last
                    last.index = slab.index
                }
                unsafe sodium_free(slab.base)
            }
        }
    }

    /// Fresh guarded pages, zeroed. Running out of memory ends the process, as it does everywhere in Swift.
    private static func pages(_ count: Int) -> UnsafeMutableRawPointer {
        _ = ready
        guard let base = unsafe sodium_malloc(count) else { preconditionFailure("out of memory for secrets") }
        // sodium_malloc locks too but does not say whether it could; asking again is harmless and does.
        if unsafe sodium_mlock(base, count) != 0 { lockFailed.store(true, ordering: .relaxed) }
        unsafe sodium_memzero(base, count)
        return unsafe base
    }
}

/// A run of guarded pages cut into slots of one size. Its variables are guarded by the lock of `SecretMemory`.
@safe final class SecretSlab: @unchecked Sendable {
    fileprivate let base: UnsafeMutableRawPointer
    fileprivate let slotSize: Int
    fileprivate let slotCount: Int
    fileprivate let pool: Int
    fileprivate var free: [UInt16]
    /// Place in the list of slabs with room, -1 when full.
    fileprivate var index = -1

    fileprivate init(base: UnsafeMutableRawPointer, size: Int, slotSize: Int, pool: Int) {
        unsafe self.base = base
        self.slotSize = slotSize
        self.slotCount = size / slotSize
        self.pool = pool
        self.free = (0..<UInt16(size / slotSize)).reversed()
    }
}

/// A piece of secret memory, owned by exactly one `SecretBytes`.
@safe struct SecretBlock: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let capacity: Int
    fileprivate let slab: SecretSlab?
    fileprivate let slot: UInt16

    fileprivate init(base: UnsafeMutableRawPointer, capacity: Int, slab: SecretSlab?, slot: UInt16) {
        unsafe self.base = base
        self.capacity = capacity
        self.slab = slab
        self.slot = slot
    }
}
