import CurlHTTP
import Foundation
import Testing

/// TLS against `openssl s_server`, with an authority of the test's own.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl"), "no openssl command"))
struct TLSTests {
    private func code(_ request: HTTPRequest, _ client: HTTPClient) async -> HTTPError.Code? {
        do throws(HTTPError) {
            _ = try await client.send(request)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func acceptsOnlyTheRightNameAuthorityAndVersion() async throws {
        let folder = try await TLSFolder()
        defer { folder.remove() }
        let client = try HTTPClient()
        let right = try await folder.serve("localhost")
        defer { right.stop() }
        var request = HTTPRequest(
            url: try HTTPURL("https://localhost:\(right.port)/"), tls: TLSOptions(authorityFile: folder.path("ca.pem")))
        #expect(await code(request, client) == nil)
        // The certificate names localhost, not the address.
        request.url = try HTTPURL("https://127.0.0.1:\(right.port)/")
        #expect(await code(request, client) == .tls)
        // The system's authorities do not know ours.
        request.url = try HTTPURL("https://localhost:\(right.port)/")
        request.tls = TLSOptions()
        #expect(await code(request, client) == .tls)
        request.tls = TLSOptions(authorityFile: folder.path("missing.pem"))
        #expect(await code(request, client) == .tls)
        let old = try await folder.serve("localhost", ["-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"])
        defer { old.stop() }
        request.tls = TLSOptions(authorityFile: folder.path("ca.pem"))
        request.url = try HTTPURL("https://localhost:\(old.port)/")
        #expect(await code(request, client) == .tls)
        await client.shutdown()
    }

    @Test func showsItsOwnCertificate() async throws {
        let folder = try await TLSFolder()
        defer { folder.remove() }
        try await folder.issue("client")
        let client = try HTTPClient()
        let server = try await folder.serve(
            "localhost", ["-Verify", "1", "-CAfile", folder.path("ca.pem"), "-verify_return_error"])
        defer { server.stop() }
        var request = HTTPRequest(
            url: try HTTPURL("https://localhost:\(server.port)/"),
            tls: TLSOptions(
                authorityFile: folder.path("ca.pem"), certificateFile: folder.path("client.pem"),
                keyFile: folder.path("client.key")))
        #expect(await code(request, client) == nil)
        request.tls.certificateFile = nil
        request.tls.keyFile = nil
        #expect(await code(request, client) != nil)
        await client.shutdown()
    }
}

/// An authority and what it issued, in a private folder.
struct TLSFolder {
    private let folder: String

    init() async throws {
        folder = NSTemporaryDirectory() + "orakey-tls-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        do {
            try await run(
                ["req", "-x509"] + Self.newKey + [
                    "-keyout", path("ca.key"), "-out", path("ca.pem"), "-subj", "/CN=test authority", "-days", "2",
                ])
            try await issue("localhost")
        } catch {
            remove()
            throw error
        }
    }

    private static let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

    func path(_ name: String) -> String { "\(folder)/\(name)" }
    func remove() { try? FileManager.default.removeItem(atPath: folder) }

    func issue(_ name: String) async throws {
        try await run(
            ["req"] + Self.newKey + [
                "-keyout", path("\(name).key"), "-out", path("\(name).csr"), "-subj", "/CN=\(name)",
            ])
        try "subjectAltName=DNS:\(name)\n".write(toFile: path("\(name).ext"), atomically: true, encoding: .utf8)
        try await run([
            "x509", "-req", "-in", path("\(name).csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"),
            "-CAcreateserial",
            "-extfile", path("\(name).ext"), "-out", path("\(name).pem"), "-days", "2",
        ])
    }

    private func run(_ arguments: [String]) async throws {
        let status = try await ChildProcess.run("/usr/bin/openssl", arguments)
        try #require(status == 0, "openssl \(arguments[0])")
    }

    struct Server {
        let child: ChildProcess
        let port: Int
        func stop() { child.stop() }
    }

    /// Starts a server that answers every GET with a page; returns once it says on which port.
    func serve(_ name: String, _ more: [String] = []) async throws -> Server {
        // "ACCEPT 127.0.0.1:43210"
        let (child, line) = try await ChildProcess.start(
            "/usr/bin/openssl",
            ["s_server", "-accept", "127.0.0.1:0", "-cert", path("\(name).pem"), "-key", path("\(name).key"), "-www"]
                + more, until: "ACCEPT ")
        return Server(child: child, port: try #require(line.split(separator: ":").last.flatMap { Int($0) }))
    }
}
