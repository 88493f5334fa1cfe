import EthereumCore
import EthereumRPC
import Glibc

// bench-rpc URL: for every line of input, 1,000 eth_call in batches of 100; prints wall and processor nanoseconds.

let client = try RPCClient(endpoints: [try RPCEndpoint(CommandLine.arguments[1])], chainID: 31337)
let call = RPCMethod.call(CallRequest(to: .zero, data: [1, 2, 3, 4]))
let calls = Array(repeating: call, count: 1000)

func nanoseconds(_ clock: clockid_t) -> Int {
    var time = timespec()
    clock_gettime(clock, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
}

while readLine() != nil {
    let start = (nanoseconds(CLOCK_MONOTONIC), nanoseconds(CLOCK_PROCESS_CPUTIME_ID))
    let results = try await client.batch(calls)
    for result in results { _ = try result.get() }
    print(nanoseconds(CLOCK_MONOTONIC) - start.0, nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - start.1)
    fflush(nil)
}
