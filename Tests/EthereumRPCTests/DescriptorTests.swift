import CurlHTTP
import ScriptedHTTP
import Testing

@Suite struct DescriptorTests {
    /// In a process of its own, where nobody else opens or closes anything.
    @Test func tenThousandRequestsWithCancellationsLeakNoDescriptor() async {
        await #expect(processExitsWith: .success) {
            let server = ScriptedServer { peer in
                while let (request, _) = peer.readRequest() {
                    // Cancelled ones never get an answer.
                    if request.target == "/slow" {
                        peer.waitForClose()
                        return
                    }
                    guard peer.write(ScriptedServer.response("ok")) else { return }
                }
            }
            let client = try HTTPClient()
            let fast = HTTPRequest(url: try HTTPURL(server.url))
            let slow = HTTPRequest(url: try HTTPURL(server.url + "slow"))
            // The first request opens what stays open for the process, such as the random generator.
            let first = try HTTPClient()
            _ = try await first.send(fast)
            await first.shutdown()
            await serverSideClosed(server)
            let before = openDescriptorCount()
            for _ in 0..<100 {
                let finished = await hundredRequests(client, fast: fast, slow: slow)
                #expect(finished == 100)
            }
            await client.shutdown()
            await serverSideClosed(server)
            // The client under test was open at the first count and is not at the second.
            #expect(openDescriptorCount() < before)
        }
    }
}

private func hundredRequests(_ client: HTTPClient, fast: HTTPRequest, slow: HTTPRequest) async -> Int {
    await withTaskGroup(of: Bool.self) { group in
        for index in 0..<100 {
            if index % 10 == 9 {
                group.addTask {
                    let task = Task { try await client.send(slow) }
                    if index % 20 == 9 { await Task.yield() }
                    task.cancel()
                    return (try? await task.value) == nil
                }
            } else {
                group.addTask { (try? await client.send(fast))?.status == 200 }
            }
        }
        return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
    }
}

/// The server runs in the same process: its ends of the connections close a moment later.
private func serverSideClosed(_ server: ScriptedServer) async {
    while server.openConnections > 0 { await Task.yield() }
}
