import CurlHTTP
import Foundation
import Glibc
import ScriptedHTTP
import Testing

/// This host's, or Debian's unpacked below .build by the Python tests (Tests/support/debian.py).
private let nginx = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", ".build/nginx/root/usr/sbin/nginx"].first {
    FileManager.default.isExecutableFile(atPath: $0)
}

/// HTTP/2 against nginx.
@Suite(.enabled(if: nginx != nil, "no nginx")) struct HTTP2Tests {
    @Test func manyRequestsShareOneConnection() async throws {
        let folder = try await TLSFolder()
        defer { folder.remove() }
        let large = [UInt8](repeating: 0x61, count: 8 << 20)
        try Data(large).write(to: URL(fileURLWithPath: folder.path("large")))
        let client = try HTTPClient()
        let tls = TLSOptions(authorityFile: folder.path("ca.pem"))
        let server = try await Server(folder, client: client, tls: tls)
        defer { server.stop() }
        let url = server.url
        let opened = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<90 {
                group.addTask {
                    var request = HTTPRequest(method: "POST", url: url, body: Array("{}".utf8), tls: tls)
                    request.headers = [HTTPField("X-N", "\(index)")]
                    let response = try await client.send(request)
                    #expect(String(decoding: response.body, as: UTF8.self) == "HTTP/2.0 POST \(index)")
                    return response.newConnections
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(opened == 0)
        // Cancelled streams leave the connection to the others.
        for _ in 0..<20 {
            let task = Task { try await client.send(HTTPRequest(url: try url.replacingTarget("/large"), tls: tls)) }
            task.cancel()
            _ = try? await task.value
        }
        #expect(try await client.send(HTTPRequest(url: url, tls: tls)).newConnections == 0)
        // A slow reader holds back its own stream only.
        let stream = try await client.stream(HTTPRequest(url: try url.replacingTarget("/large"), tls: tls))
        #expect(try await client.send(HTTPRequest(url: url, tls: tls)).status == 200)
        #expect(try await stream.body.collect().count == large.count)
        var fresh = HTTPRequest(url: url, tls: tls)
        fresh.usesFreshConnection = true
        #expect(try await client.send(fresh).newConnections == 1)
        await client.shutdown()
    }

    /// nginx with HTTP/2 on a port of its own.
    private struct Server {
        let process: Process
        let url: HTTPURL

        /// Starts it; where somebody took the port meanwhile, on another one.
        init(_ folder: TLSFolder, client: HTTPClient, tls: TLSOptions) async throws {
            for _ in 0..<10 {
                let port = Self.freePort()
                try Self.configuration(folder, port).write(
                    toFile: folder.path("nginx.conf"), atomically: true, encoding: .utf8)
                let process = Process()
                process.executableURL = URL(fileURLWithPath: try #require(nginx))
                process.arguments = ["-c", folder.path("nginx.conf"), "-p", folder.path("")]
                process.standardError = FileHandle.nullDevice
                try process.run()
                let url = try HTTPURL("https://localhost:\(port)/")
                // It listens a moment after its start.
                while process.isRunning {
                    if (try? await client.send(HTTPRequest(url: url, tls: tls))) != nil {
                        (self.process, self.url) = (process, url)
                        return
                    }
                    await Task.yield()
                }
            }
            throw NeverListened()
        }

        struct NeverListened: Error {}

        func stop() { kill(process.processIdentifier, SIGKILL) }

        private static func configuration(_ folder: TLSFolder, _ port: UInt16) -> String {
            """
            daemon off; master_process off; worker_processes 1; pid \(folder.path("pid")); error_log /dev/null;
            events { worker_connections 256; }
            http {
                access_log off; client_body_temp_path \(folder.path("b")); proxy_temp_path \(folder.path("p"));
                fastcgi_temp_path \(folder.path("f")); uwsgi_temp_path \(folder.path("u")); scgi_temp_path \(folder.path("s"));
                server {
                    listen 127.0.0.1:\(port) ssl http2; http2_max_concurrent_streams 128; keepalive_requests 100000;
                    ssl_certificate \(folder.path("localhost.pem")); ssl_certificate_key \(folder.path("localhost.key"));
                    location / { return 200 "$server_protocol $request_method $http_x_n"; }
                    location /large { root \(folder.path("")); }
                }
            }
            """
        }

        /// A port that was free a moment ago.
        private static func freePort() -> UInt16 {
            let server = ScriptedServer { _ in }
            defer { server.stop() }
            return server.port
        }
    }
}
