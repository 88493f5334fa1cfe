import CorePeers
import Glibc

// Pin it to a core: taskset -c 1 swift run -c release bench-core
peer_setup()
print("work                               Swift        C            ratio")
let comparisons = try [
    Rows.keccak(64, budget: 1.2), Rows.keccak(1024, budget: 1.1), Rows.base58(199, budget: 1.15),
    Rows.recovery(budget: 1.15),
]
let isKept = comparisons.map { $0.run() }
print(isKept.contains(false) ? "some budgets are exceeded" : "all budgets are kept")
exit(isKept.contains(false) ? 1 : 0)
