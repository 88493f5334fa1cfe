import Glibc
import LocalSockets
import OrakeyConfig
import OrakeyServer

/// The two listening sockets, bound here or handed over by systemd.
struct Sockets: Sendable {
    let agent: Int32
    let control: Int32
    let agentPath: String
    let controlPath: String
    /// Whether the socket files are this process's to remove.
    private let areOwn: Bool

    static func bind(options: Orakeyd, configuration: Configuration, environment: HostEnvironment) throws -> Sockets {
        if let handed = try SocketActivation.sockets() {
            return Sockets(
                agent: handed.agent, control: handed.control, agentPath: "systemd", controlPath: "systemd",
                areOwn: false)
        }
        let agentPath = environment.agentSocket(option: options.agentSocket, configuration: configuration)
        let controlPath = environment.controlSocket(option: options.controlSocket, configuration: configuration)
        guard agentPath != controlPath else { throw SocketError.samePath(agentPath) }
        let mode = HostEnvironment.mode(configurationFile: configuration.file)
        let folder = environment.socketFolder(mode)
        for path in [agentPath, controlPath] where path.hasPrefix(folder + "/") {
            if mode == .user { try SocketBinding.makeFolder(folder) }
        }
        // Where consumers of other users are configured, the policy decides; otherwise the file's mode does as well.
        let isShared = mode == .system || configuration.consumers != nil
        let agent = try SocketBinding.bind(agentPath, mode: isShared ? 0o666 : 0o600).release()
        let group = configuration.listen.controlGroup
        let control: Int32
        do {
            control = try SocketBinding.bind(controlPath, mode: group == nil ? 0o600 : 0o660, group: group).release()
        } catch {
            unlink(agentPath)
            throw error
        }
        return Sockets(agent: agent, control: control, agentPath: agentPath, controlPath: controlPath, areOwn: true)
    }

    /// Takes the socket files away; the lock files stay, so that nobody locks a file that is just being removed.
    func remove() {
        guard areOwn else { return }
        unlink(agentPath)
        unlink(controlPath)
    }
}

/// systemd's socket activation, sd_listen_fds(3): `LISTEN_PID`, `LISTEN_FDS`, `LISTEN_FDNAMES=agent:control`.
enum SocketActivation {
    static func sockets() throws -> (agent: Int32, control: Int32)? {
        guard let count = variable("LISTEN_FDS"), variable("LISTEN_PID") == String(getpid()) else { return nil }
        let names = (variable("LISTEN_FDNAMES") ?? "").split(separator: ":", omittingEmptySubsequences: false)
        guard count == String(names.count), let agent = names.firstIndex(of: "agent"),
            let control = names.firstIndex(of: "control"), names.count == 2
        else {
            throw SocketError.failed(
                path: "LISTEN_FDS", step: "socket activation", reason: "expected two sockets named agent and control")
        }
        let (agentSocket, controlSocket) = (3 + Int32(agent), 3 + Int32(control))
        for descriptor in [agentSocket, controlSocket] where !isListening(descriptor) {
            throw SocketError.failed(
                path: "LISTEN_FDS", step: "socket activation",
                reason: "descriptor \(descriptor) is no listening Unix stream socket: see ListenStream= of its unit")
        }
        return (agentSocket, controlSocket)
    }

    /// Whether the peers that come this way have credentials, sd_is_socket_unix(3).
    private static func isListening(_ descriptor: Int32) -> Bool {
        func option(_ name: Int32) -> Int32? {
            var (value, size) = (Int32(), socklen_t(MemoryLayout<Int32>.size))
            return unsafe getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 ? value : nil
        }
        return option(SO_DOMAIN) == AF_UNIX && option(SO_TYPE) == Int32(SOCK_STREAM.rawValue)
            && option(SO_ACCEPTCONN) == 1
    }

    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
