import EthereumABI
import EthereumCore
import Glibc

// Takes lines `ROW COUNT` and answers each with the processor time of COUNT repetitions in nanoseconds; `check ROW`
// answers with a hash of what the row produces, so that both sides prove that they do the same work.

let rows = try Rows()
while let line = readLine() {
    let words = line.split(separator: " ")
    guard words.count == 2 else { exit(64) }
    if words[0] == "check" {
        print(Keccak256.hash(try rows.product(String(words[1]))).hex)
    } else {
        guard let count = Int(words[1]) else { exit(64) }
        let start = processorTime()
        let sink = try rows.run(String(words[0]), count)
        let elapsed = processorTime() - start
        print(sink == .max ? 0 : elapsed)
    }
    fflush(nil)
}

func processorTime() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
}
