import WalletPeers

// The rows on one core are best pinned to it: taskset -c 1 swift run -c release bench-wallet
let rows = try Rows()
print("work                                       Swift            peer             ratio    budget")
var isKept = [rows.derivation().run(), try rows.batch(), try rows.verification().run(), rows.phraseToAddress().run()]
isKept += [try rows.unlocking().run(), try rows.memoryAfterUnlock()]
print(isKept.contains(false) ? "some budgets are exceeded" : "all budgets are kept")
