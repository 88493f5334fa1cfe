import EthereumWallet

/// Reads the whole file.
enum ReadConfiguration {
    /// Features that are not in this version. A key of theirs is refused: without effect it would look as if it had one.
    private static let later: [String] = []
    /// The longest path that fits `sun_path` with its closing zero.
    private static let longestSocketPath = 107

    static func read(_ root: Value) -> Configuration? {
        guard var reader = root.mapping() else { return nil }
        let wallet = reader.required("wallet", "the wallet file, { keystore: wallet.json }").flatMap(wallet)
        let shared = reader.optional("shared_wallet")?.boolean() ?? false
        let networks =
            reader.required("networks", "at least one network, BASE: { chain_id: ..., rpc: [...] }")
            .map { ReadNetwork.all($0, wallet: wallet?.path, shared: shared) } ?? []
        let names = networks.map(\.name)
        // With a broken network no consumer could be judged; the file is refused for the network already.
        let intact = root.context.problems.isEmpty || !names.isEmpty
        let consumers = reader.optional("consumers").map { intact ? ReadConsumers.all($0, networks: names) : [] }
        let listen = listen(reader.optional("listen"))
        let limits = limits(reader.optional("limits"))
        let metrics = metrics(reader.optional("metrics"))
        let proxy = reader.optional("proxy").flatMap(ReadProxy.read)
        if let socket = proxy?.socket, socket == listen.agent || socket == listen.control {
            reader.report(.contradiction, at: "proxy", "its socket is another one's too")
        }
        let audit = audit(reader.optional("audit"))
        let lock = lock(reader.optional("lock"))
        let revoker = reader.optional("revoker").flatMap { Self.revoker($0, wallet: wallet) }
        let stateDirectory = reader.optional("state_dir")?.filePath()
        reader.finish(later: later)
        guard let wallet, !networks.isEmpty else { return nil }
        return Configuration(
            file: root.context.file, wallet: wallet, networks: networks, consumers: consumers, listen: listen,
            limits: limits, metrics: metrics, proxy: proxy, audit: audit, revoker: revoker,
            lock: lock, stateDirectory: stateDirectory)
    }

    private static func wallet(_ value: Value) -> WalletSection? {
        guard var reader = value.mapping() else { return nil }
        let keystore = reader.required("keystore", "the path of the wallet file")?.filePath()
        let path = reader.optional("path")?.parsed { try DerivationPath(parsing: $0) }
        reader.finish()
        return keystore.map { WalletSection(keystore: $0, path: path) }
    }

    private static func listen(_ value: Value?) -> ListenSection {
        guard let value, var reader = value.mapping() else { return ListenSection() }
        let settings = ListenSection(
            agent: reader.optional("agent").flatMap(socket),
            control: reader.optional("control").flatMap(socket),
            controlGroup: reader.optional("control_group")?.group())
        reader.finish()
        if let agent = settings.agent, agent == settings.control {
            reader.report(.contradiction, at: "control", "is the agent's socket too")
        }
        return settings
    }

    static func socket(_ value: Value) -> String? {
        guard let path = value.filePath() else { return nil }
        guard path.utf8.count <= longestSocketPath else {
            value.report(
                .invalid, "a socket's path has at most \(longestSocketPath) bytes, and this has \(path.utf8.count)")
            return nil
        }
        return path
    }

    private static func metrics(_ value: Value?) -> MetricsSection {
        guard let value, var reader = value.mapping() else { return MetricsSection() }
        let listen = reader.required("listen", "a port of this host, 127.0.0.1:9464")?
            .parsed { try LoopbackAddress(parsing: $0) }
        reader.finish()
        return MetricsSection(listen: listen)
    }

    private static func revoker(_ value: Value, wallet: WalletSection?) -> RevokerSection? {
        guard var reader = value.mapping() else { return nil }
        let keystore = reader.required("keystore", "the path of the revoker's wallet file")?.filePath()
        let path = reader.optional("path")?.parsed { try DerivationPath(parsing: $0) }
        let passphraseFile = reader.optional("passphrase_file")?.filePath()
        reader.finish()
        if let keystore, keystore == wallet?.keystore {
            reader.report(.contradiction, at: "keystore", "is the owner's wallet; a revoker needs one of its own")
        }
        return keystore.map {
            RevokerSection(keystore: $0, path: path ?? .ethereumDefault, passphraseFile: passphraseFile)
        }
    }

    private static func lock(_ value: Value?) -> LockSection {
        guard let value, var reader = value.mapping() else { return LockSection() }
        let idle = reader.optional("after_idle")?.duration(in: .seconds(1) ... .seconds(86400 * 366))
        let times = reader.optional("at")?.listOrSingle().compactMap { value -> TimeOfDay? in
            guard let text = value.text() else { return nil }
            guard let time = TimeOfDay(text) else {
                value.report(.invalid, "expected a time of day as 22:00, found \(ReadingContext.quote(text))")
                return nil
            }
            return time
        }
        if !reader.has("after_idle"), !reader.has("at") {
            value.report(.missing, "says neither when nor after how long; give after_idle, at, or both")
        }
        reader.finish()
        return LockSection(afterIdle: idle, times: times ?? [])
    }

    private static func audit(_ value: Value?) -> AuditSection {
        let defaults = AuditSection()
        guard let value, var reader = value.mapping() else { return defaults }
        let isRequired = reader.optional("required")?.boolean()
        let keep = reader.optional("keep_records")?.integer(in: Int64(1000)...100_000_000)
        reader.finish()
        return AuditSection(
            isRequired: isRequired ?? defaults.isRequired, keepRecords: keep ?? defaults.keepRecords)
    }

    private static func limits(_ value: Value?) -> LimitSection {
        let defaults = LimitSection()
        guard let value, var reader = value.mapping() else { return defaults }
        let connections = reader.optional("connections_per_uid")?.integer(in: 1...100_000)
        let idle = reader.optional("idle_timeout")?.duration(in: .seconds(1) ... .seconds(86400))
        let age = reader.optional("max_chain_age")?.duration(in: .seconds(1) ... .seconds(86400 * 366))
        reader.finish()
        return LimitSection(
            connectionsPerUser: connections ?? defaults.connectionsPerUser, idleTimeout: idle ?? defaults.idleTimeout,
            maximumChainAge: age)
    }
}
