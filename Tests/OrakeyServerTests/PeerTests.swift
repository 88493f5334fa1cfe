import CLinuxShims
import Foundation
import Glibc
import NIOCore
import NIOPosix
import OrakeyCore
import Testing

@testable import LocalSockets

/// Who is at the other end: processes that real sockets and real processes give.
@Suite struct PeerTests {
    /// A process that waits for the end of its standard input.
    private func withChild<T>(_ body: (pid_t) throws -> T) throws -> T {
        let child = Process()
        child.executableURL = URL(fileURLWithPath: "/bin/cat")
        let input = Pipe()
        child.standardInput = input
        child.standardOutput = Pipe()
        try child.run()
        defer {
            try? input.fileHandleForWriting.close()
            child.waitUntilExit()
        }
        return try body(child.processIdentifier)
    }

    @Test func aProcessThatBeganBeforeTheAcceptIsFoundByItsNumber() throws {
        try withChild { pid in
            let descriptor = try #require(PeerProcess.open(pid, acceptedAt: orakey_boottime_nanoseconds()))
            defer { close(descriptor) }
            #expect(orakey_pidfd_pid(descriptor) == pid)
        }
    }

    @Test func aProcessThatBeganAfterTheAcceptOnlyHasTheNumber() throws {
        let acceptedAt = orakey_boottime_nanoseconds() - 20_000_000
        try withChild { pid in #expect(PeerProcess.open(pid, acceptedAt: acceptedAt) == nil) }
    }

    @Test func aProcessThatIsGoneIsNotFound() throws {
        let pid = try withChild { $0 }
        #expect(PeerProcess.open(pid, acceptedAt: orakey_boottime_nanoseconds()) == nil)
        #expect(PeerProcess.open(0, acceptedAt: .max) == nil)
        #expect(PeerProcess.open(-1, acceptedAt: .max) == nil)
    }

    @Test func startTimesAreReadBehindAnyName() throws {
        let start = try #require(PeerProcess.startTime(of: getpid()))
        #expect(start > 0 && start <= orakey_boottime_nanoseconds())
        #expect(PeerProcess.startTime(of: 0) == nil)
        try withChild { pid in
            let later = try #require(PeerProcess.startTime(of: pid))
            #expect(later >= start)
        }
    }

    @Test func everyConnectionOfAProcessHasItsNumber() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("p-\(UUID().uuidString.prefix(8))")
            .path
        defer { unlink(path) }
        let (numbers, source) = AsyncStream.makeStream(of: PeerProcess.self)
        let server = try await ServerBootstrap(group: group).childChannelInitializer { channel in
            PeerReader.credentials(of: must { try #require(channel as? any SocketOptionProvider) }).flatMap {
                PeerProcess.of(must { try #require(channel as? any SocketOptionProvider) }, $0)
            }.map {
                source.yield($0.withoutDescriptor())
            }
        }.bind(unixDomainSocketPath: path).get()
        var found: [UInt64] = []
        var iterator = numbers.makeAsyncIterator()
        for _ in 0..<3 {
            let client = try await ClientBootstrap(group: group).connect(unixDomainSocketPath: path).get()
            found.append(try #require(await iterator.next()).number)
            try await client.close()
        }
        #expect(Set(found).count == 1)
        try await server.close()
    }

    // MARK: - Known processes

    /// A listening socket, and what accepts from it.
    private struct Listener: ~Copyable {
        let descriptor: Int32
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("k-\(UUID().uuidString.prefix(8))")
            .path

        init() throws {
            descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            try #require(orakey_bind_unix(descriptor, path) == 0 && listen(descriptor, 8) == 0)
        }

        func accept() throws -> (socket: Int32, credentials: PeerReader.Credentials) {
            let socket = Glibc.accept(descriptor, nil, nil)
            return (socket, try #require(PeerReader.credentials(of: socket)))
        }

        deinit {
            close(descriptor)
            unlink(path)
        }
    }

    /// A connection of this process.
    private func connect(to listener: borrowing Listener) throws -> Int32 {
        let client = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        try #require(orakey_connect_unix(client, listener.path) == 0)
        return client
    }

    /// A process that connects, and ends when it is told to.
    private func connector(to listener: borrowing Listener) throws -> (process: Process, input: Pipe) {
        let child = Process()
        child.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        let connect = "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); sys.stdin.read()"
        child.arguments = ["-c", connect, listener.path]
        let input = Pipe()
        child.standardInput = input
        try child.run()
        return (child, input)
    }

    @Test func aKnownProcessKeepsItsNumberAndTheKernelIsNotAsked() throws {
        let listener = try Listener()
        var known = KnownProcesses()
        let client = try connect(to: listener)
        let (socket, credentials) = try listener.accept()
        let number = known.number(of: socket, credentials)
        #expect(number == PeerProcess.of(socket: socket, credentials).withoutDescriptor().number)
        close(socket)
        close(client)
        // No socket, so that nobody could tell but who remembers.
        #expect(known.number(of: -1, credentials) == number)
        var others = KnownProcesses()
        #expect(others.number(of: -1, credentials) != number)
    }

    @Test func whoeverHasTheNumberOfOneThatEndedIsAnother() throws {
        let listener = try Listener()
        var known = KnownProcesses()
        let (child, input) = try connector(to: listener)
        let (first, credentials) = try listener.accept()
        let number = known.number(of: first, credentials)
        close(first)
        try input.fileHandleForWriting.close()
        child.waitUntilExit()
        // As if this process had been given the number of the one that ended.
        let client = try connect(to: listener)
        let (second, own) = try listener.accept()
        let reused = PeerReader.Credentials(processID: credentials.processID, userID: own.userID, groupID: own.groupID)
        let other = known.number(of: second, reused)
        #expect(other != number)
        #expect(other == PeerProcess.of(socket: second, own).withoutDescriptor().number, "the kernel was asked")
        close(second)
        close(client)
    }

    // MARK: - Control groups

    @Test(arguments: [
        ("/", []),
        ("/system.slice/chatbot.service", ["system.slice", "chatbot.service"]),
        ("/bots.slice/bots-ai.slice/chatbot@1.service", ["bots.slice", "bots-ai.slice", "chatbot@1.service"]),
        // Below a unit anybody may have made the names.
        ("/system.slice/other.service/chatbot.service", ["system.slice", "other.service"]),
        ("/system.slice/other.service/x.slice/chatbot.service", ["system.slice", "other.service"]),
        ("/user.slice/user-1000.slice/session-3.scope", ["user.slice", "user-1000.slice", "session-3.scope"]),
        (
            "/user.slice/user-1000.slice/user@1000.service/app.slice/chatbot.service",
            ["user.slice", "user-1000.slice", "user@1000.service"]
        ),
        // No name of systemd's at the top: nothing below it counts.
        ("/docker/chatbot.service", []),
        ("/../chatbot.service", []),
        ("/system.slice/../chatbot.service", []),
        ("/.service", []),
        ("/.slice/chatbot.service", []),
    ])
    func unitsOfAControlGroup(path: String, expected: [String]) {
        #expect(ControlGroup(path: path).units(forServiceOf: 0) == expected)
        #expect(ControlGroup(file: "9:name=systemd:/x.service\n0::\(path)\n").units(forServiceOf: 7) == expected)
    }

    @Test func aUsersOwnManagerCountsForItsOwnServiceOnly() {
        let group = ControlGroup(path: "/user.slice/user-1000.slice/user@1000.service/app.slice/bot.service/x.service")
        #expect(group.units(forServiceOf: 1000).suffix(2) == ["app.slice", "bot.service"])
        #expect(!group.units(forServiceOf: 1001).contains("bot.service"))
        #expect(!group.units(forServiceOf: 0).contains("bot.service"))
        #expect(
            ControlGroup(path: "/user.slice/user@x.service/bot.service").units(forServiceOf: 1000).last
                == "user@x.service")
        #expect(ControlGroup(file: "").units(forServiceOf: 0) == [])
        #expect(ControlGroup(file: "4:memory:/a.service\n").units(forServiceOf: 0) == [])
    }

    @Test func thisProcesssGroupIsReadAsTheKernelTellsIt() {
        let credentials = PeerReader.Credentials(processID: getpid(), userID: getuid(), groupID: getgid())
        let descriptor = orakey_pidfd_open(getpid())
        defer { close(descriptor) }
        #expect(
            PeerReader.details(credentials, descriptor: descriptor).executable
                == (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")))
        #expect(PeerReader.details(credentials, descriptor: nil).executable == nil, "nothing vouches for the number")
        let other = PeerReader.Credentials(processID: getppid(), userID: 0, groupID: 0)
        #expect(PeerReader.details(other, descriptor: descriptor).executable == nil, "the descriptor is another's")
    }
}
