import Glibc
import WalletPeers

// The rows on one core are best pinned to it: taskset -c 1 swift run -c release bench-wallet
let rows = try Rows()
print("work                                       Swift            peer             ratio    budget")
let derivation = rows.derivation()
var isKept = [derivation.run(), try rows.batch(), try rows.verification().run(), rows.phraseToAddress().run()]
isKept += [try rows.unlocking().run(), try rows.memoryAfterUnlock()]
if let python = PythonPeer.derivation() {
    let swift = derivation.swiftMicroseconds()
    _ = report("derive an API key (peer: eth-account)", swift, python, swift / python, "no budget", isKept: true)
} else {
    print("eth-account was not measured: there is no .venv-tests, which Tests/venv makes")
}
print(isKept.contains(false) ? "some budgets are exceeded" : "all budgets are kept")
exit(isKept.contains(false) ? 1 : 0)
