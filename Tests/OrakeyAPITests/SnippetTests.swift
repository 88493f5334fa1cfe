import Foundation
import OrakeyAPI
import OrakeyClient
import Testing
import UnixHTTP

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// The Swift code of the documentation (`Clients.md`), compiled here and run by `Tests/endtoend/test_clients.py`, which
/// sets ORAKEY_AGENT_SOCK to a real daemon's socket and compares the two texts.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["ORAKEY_SNIPPET_OUT"] != nil))
struct SnippetTests {
    @Test func theDocumentedClient() throws {
        var request = URLRequest(url: try #require(URL(string: "https://api.ora.io/v1/models")))
        // snippet.begin
        let agent = AgentClient()
        let answer = try agent.key()
        print("using \(answer.details.fingerprint) of \(answer.details.network)")
        request.setValue("Bearer \(answer.key)", forHTTPHeaderField: "Authorization")

        // A stream tells of every change; the first event is the key as it is now.
        var changes = try agent.watch()
        while let event = try changes.next() {
            print(event.event)
            if event.event == "key" { break }
        }
        // snippet.end
        let header = try #require(request.value(forHTTPHeaderField: "Authorization"))
        let out = try #require(ProcessInfo.processInfo.environment["ORAKEY_SNIPPET_OUT"])
        try header.write(toFile: out, atomically: false, encoding: .utf8)
    }
}
