import OrakeyConfig
import Testing

@Suite struct HostEnvironmentTests {
    private let plain = HostEnvironment(variables: ["HOME": "/home/ada"], userID: 1000)
    private let full = HostEnvironment(
        variables: [
            "HOME": "/home/ada", "XDG_CONFIG_HOME": "/c", "XDG_RUNTIME_DIR": "/r", "XDG_STATE_HOME": "/s",
            "ORAKEY_AGENT_SOCK": "/v/agent", "ORAKEY_CONTROL_SOCK": "/v/control",
        ], userID: 1000)

    private func configuration(_ file: String, _ more: String = "") throws -> Configuration {
        try Configuration.parse(oneNetwork(top: more), file: file, users: someUsers)
    }

    @Test func theConfigurationIsTheOptionsElseTheUsersElseTheSystems() {
        #expect(plain.configurationFile(option: "x.yaml", exists: { _ in true }) == "x.yaml")
        #expect(plain.configurationFile(option: nil, exists: { _ in true }) == "/home/ada/.config/orakeyd/orakeyd.yaml")
        #expect(full.configurationFile(option: nil, exists: { _ in true }) == "/c/orakeyd/orakeyd.yaml")
        #expect(full.configurationFile(option: nil, exists: { _ in false }) == "/etc/orakeyd/orakeyd.yaml")
        let homeless = HostEnvironment(variables: [:], userID: 1)
        #expect(homeless.configurationFile(option: nil, exists: { _ in true }) == "/etc/orakeyd/orakeyd.yaml")
    }

    @Test func theSystemsConfigurationMakesASystemService() throws {
        let system = try configuration("/etc/orakeyd/orakeyd.yaml")
        #expect(HostEnvironment.mode(configurationFile: system.file) == .system)
        #expect(plain.agentSocket(option: nil, configuration: system) == "/run/orakeyd/agent.sock")
        #expect(plain.controlSocket(option: nil, configuration: system) == "/run/orakeyd/control.sock")
        #expect(plain.stateDirectory(option: nil, configuration: system) == "/var/lib/orakeyd")
    }

    @Test func anyOtherConfigurationIsAUsers() throws {
        let user = try configuration("/home/ada/o.yaml")
        #expect(plain.agentSocket(option: nil, configuration: user) == "/run/user/1000/orakeyd/agent.sock")
        #expect(plain.stateDirectory(option: nil, configuration: user) == "/home/ada/.local/state/orakeyd")
        #expect(full.stateDirectory(option: nil, configuration: user) == "/s/orakeyd")
        #expect(full.socketFolder(.user) == "/r/orakeyd")
        #expect(HostEnvironment(variables: [:], userID: 1).stateDirectory(option: nil, configuration: user) == nil)
    }

    @Test func anOptionGoesBeforeAVariableBeforeTheFileBeforeTheDefault() throws {
        let named = try configuration("/home/ada/o.yaml", "listen: { agent: a.sock, control: c.sock }\nstate_dir: st")
        #expect(full.agentSocket(option: "/o", configuration: named) == "/o")
        #expect(full.agentSocket(option: nil, configuration: named) == "/v/agent")
        #expect(full.controlSocket(option: nil, configuration: named) == "/v/control")
        #expect(plain.agentSocket(option: nil, configuration: named) == "/home/ada/a.sock")
        #expect(plain.controlSocket(option: nil, configuration: named) == "/home/ada/c.sock")
        #expect(plain.stateDirectory(option: "/o", configuration: named) == "/o")
        #expect(plain.stateDirectory(option: nil, configuration: named) == "/home/ada/st")
    }

    @Test func emptyAndRelativeVariablesDoNotCount() throws {
        let user = try configuration("/home/ada/o.yaml")
        let odd = HostEnvironment(
            variables: ["HOME": "/h", "XDG_RUNTIME_DIR": "run", "XDG_STATE_HOME": "", "ORAKEY_AGENT_SOCK": ""],
            userID: 7)
        #expect(odd.agentSocket(option: nil, configuration: user) == "/run/user/7/orakeyd/agent.sock")
        #expect(odd.stateDirectory(option: nil, configuration: user) == "/h/.local/state/orakeyd")
    }
}
