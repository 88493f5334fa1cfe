import Glibc

/// Which of the daemon's two sockets.
public enum DaemonSocket: Sendable {
    /// For consumers: hands out keys by policy.
    case agent
    /// For operators: root and the service's own user.
    case control

    /// The environment variable that overrides the path.
    public var variable: String {
        switch self {
        case .agent: "ORAKEY_AGENT_SOCK"
        case .control: "ORAKEY_CONTROL_SOCK"
        }
    }

    var fileName: String {
        switch self {
        case .agent: "agent.sock"
        case .control: "control.sock"
        }
    }

    /// The path of a daemon that runs as a system service.
    public var systemPath: String { "/run/orakeyd/\(fileName)" }

    /// The path of a daemon that runs for one user; nil without XDG_RUNTIME_DIR.
    public var userPath: String? {
        guard let directory = environment("XDG_RUNTIME_DIR"), directory.hasPrefix("/") else { return nil }
        return "\(directory)/orakeyd/\(fileName)"
    }

    /// The path a client connects to: the variable, else the user's socket where it exists, else the system one.
    public var clientPath: String {
        if let path = environment(variable) { return path }
        if let path = userPath, access(path, F_OK) == 0 { return path }
        return systemPath
    }
}

/// The value of an environment variable; nil when unset or empty.
func environment(_ name: String) -> String? {
    guard let value = getenv(name), value[0] != 0 else { return nil }
    return String(cString: value)
}
