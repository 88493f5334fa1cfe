import Glibc

/// What the places of files depend on: variables and user of a process, as a value.
public struct HostEnvironment: Equatable, Sendable {
    /// The environment variables.
    public var variables: [String: String]
    /// The numeric id of the user.
    public var userID: UInt32

    /// An environment.
    public init(variables: [String: String], userID: UInt32) {
        self.variables = variables
        self.userID = userID
    }

    /// The environment of this process. Only the variables that decide places are taken.
    public static var current: HostEnvironment {
        var variables: [String: String] = [:]
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", agentVariable, controlVariable] {
            if let value = getenv(name) { variables[name] = String(cString: value) }
        }
        return HostEnvironment(variables: variables, userID: geteuid())
    }

    /// The variable that names the agent socket.
    public static let agentVariable = "ORAKEY_AGENT_SOCK"
    /// The variable that names the control socket.
    public static let controlVariable = "ORAKEY_CONTROL_SOCK"
    /// The configuration of the system.
    public static let systemConfigurationFile = "/etc/orakeyd/orakeyd.yaml"
}

/// Whether a daemon serves the whole host or one user. With the system's configuration it is the system's.
public enum InstallationMode: Equatable, Sendable {
    /// Paths below `/etc`, `/run` and `/var/lib`.
    case system
    /// Paths of the XDG Base Directory Specification.
    case user
}

extension HostEnvironment {
    /// `$XDG_CONFIG_HOME/orakeyd/orakeyd.yaml`, or `nil` for a user without a home.
    public var userConfigurationFile: String? {
        (xdg("XDG_CONFIG_HOME") ?? home.map { "\($0)/.config" }).map { "\($0)/orakeyd/orakeyd.yaml" }
    }

    /// The configuration file to read: the one of `--config`, else the user's if it exists, else the system's.
    ///
    /// - Parameters:
    ///   - option: The value of `--config`.
    ///   - exists: Whether there is a file at a path.
    public func configurationFile(option: String?, exists: (String) -> Bool) -> String {
        if let option { return option }
        if let file = userConfigurationFile, exists(file) { return file }
        return Self.systemConfigurationFile
    }

    /// The mode that goes with a configuration file.
    public static func mode(configurationFile: String) -> InstallationMode {
        configurationFile == systemConfigurationFile ? .system : .user
    }

    /// The agent socket that a daemon binds: option, variable, configuration, default of the mode; in this order.
    ///
    /// - Parameters:
    ///   - option: The value of `--agent-socket`.
    ///   - configuration: The configuration that was read.
    public func agentSocket(option: String?, configuration: Configuration) -> String {
        option ?? filled(Self.agentVariable) ?? configuration.listen.agent
            ?? "\(socketFolder(Self.mode(configurationFile: configuration.file)))/agent.sock"
    }

    /// The control socket that a daemon binds, found like ``agentSocket(option:configuration:)``.
    ///
    /// - Parameters:
    ///   - option: The value of `--control-socket`.
    ///   - configuration: The configuration that was read.
    public func controlSocket(option: String?, configuration: Configuration) -> String {
        option ?? filled(Self.controlVariable) ?? configuration.listen.control
            ?? "\(socketFolder(Self.mode(configurationFile: configuration.file)))/control.sock"
    }

    /// The proxy's socket: configuration, default of the mode; in this order.
    ///
    /// - Parameters:
    ///   - proxy: The proxy's settings.
    ///   - file: The configuration file that was read.
    public func proxySocket(_ proxy: ProxySection, configurationFile file: String) -> String {
        proxy.socket ?? "\(socketFolder(Self.mode(configurationFile: file)))/proxy.sock"
    }

    /// The folder of the default sockets: `/run/orakeyd` or `$XDG_RUNTIME_DIR/orakeyd`. Without that variable it is
    /// the place where systemd puts it.
    public func socketFolder(_ mode: InstallationMode) -> String {
        switch mode {
        case .system: return "/run/orakeyd"
        case .user: return (xdg("XDG_RUNTIME_DIR") ?? "/run/user/\(userID)") + "/orakeyd"
        }
    }

    /// The state directory: option, configuration, default of the mode; in this order.
    ///
    /// - Parameters:
    ///   - option: The value of `--state-dir`.
    ///   - configuration: The configuration that was read.
    /// - Returns: `/var/lib/orakeyd`, or `$XDG_STATE_HOME/orakeyd`; `nil` for a user without a home.
    public func stateDirectory(option: String?, configuration: Configuration) -> String? {
        if let named = option ?? configuration.stateDirectory { return named }
        switch Self.mode(configurationFile: configuration.file) {
        case .system: return "/var/lib/orakeyd"
        case .user: return (xdg("XDG_STATE_HOME") ?? home.map { "\($0)/.local/state" }).map { "\($0)/orakeyd" }
        }
    }

    private var home: String? { xdg("HOME") }

    private func filled(_ name: String) -> String? {
        variables[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The specification has relative paths ignored.
    private func xdg(_ name: String) -> String? {
        filled(name).flatMap { $0.hasPrefix("/") ? $0 : nil }
    }
}
