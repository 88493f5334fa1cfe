/// `listen:`, where the sockets are. Command-line options and environment variables come first; see
/// ``HostEnvironment/agentSocket(option:configuration:)``.
public struct ListenSection: Equatable, Sendable {
    /// The absolute path of the agent socket, if the file names one.
    public var agent: String?
    /// The absolute path of the control socket, if the file names one.
    public var control: String?
    /// The numeric id of a group that may use the control socket besides its owner, or `nil` for the owner alone.
    public var controlGroup: UInt32?

    /// Settings of the sockets.
    public init(agent: String? = nil, control: String? = nil, controlGroup: UInt32? = nil) {
        self.agent = agent
        self.control = control
        self.controlGroup = controlGroup
    }
}

/// `limits:`, bounds on what local clients may use up and on how old the view of the chain may be.
public struct LimitSection: Equatable, Sendable {
    /// How many connections one user may hold at a socket.
    public var connectionsPerUser: Int
    /// How long a connection may stay without a request.
    public var idleTimeout: Duration
    /// The age of the last look at the chain from which on keys are refused, or `nil` to go on handing out keys that
    /// are confirmed.
    public var maximumChainAge: Duration?

    /// Settings of limits; the defaults are those of a file without `limits:`.
    public init(connectionsPerUser: Int = 512, idleTimeout: Duration = .seconds(60), maximumChainAge: Duration? = nil) {
        self.connectionsPerUser = connectionsPerUser
        self.idleTimeout = idleTimeout
        self.maximumChainAge = maximumChainAge
    }
}
