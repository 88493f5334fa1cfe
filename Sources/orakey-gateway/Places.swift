import Glibc

/// Where the gateway's files are, unless options or the configuration say otherwise.
struct Places {
    static let systemConfigurationFile = "/etc/orakey-gateway/orakey-gateway.yaml"

    private let home: String?
    private let configurationHome: String?
    private let stateHome: String?

    /// The places of this process's user.
    static var current: Places {
        // The XDG specification has relative paths ignored.
        func variable(_ name: String) -> String? {
            getenv(name).map { String(cString: $0) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
        }
        return Places(
            home: variable("HOME"), configurationHome: variable("XDG_CONFIG_HOME"),
            stateHome: variable("XDG_STATE_HOME"))
    }

    /// The user's file if there is one, else the system's.
    var configurationFile: String {
        if let folder = configurationHome ?? home.map({ $0 + "/.config" }) {
            let file = folder + "/orakey-gateway/orakey-gateway.yaml"
            if access(file, F_OK) == 0 { return file }
        }
        return Self.systemConfigurationFile
    }

    /// The state directory that goes with a configuration file; nil for a user without a home.
    func stateDirectory(_ configurationFile: String) -> String? {
        if configurationFile == Self.systemConfigurationFile { return "/var/lib/orakey-gateway" }
        return (stateHome ?? home.map { $0 + "/.local/state" }).map { $0 + "/orakey-gateway" }
    }
}
