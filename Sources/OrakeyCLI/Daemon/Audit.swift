import ArgumentParser
import EthereumCore
import EthereumRPC
import EthereumWallet
import OrakeyAPI
import OrakeyClient
import OrakeyConfig
import OrakeyCore
import OrakeyHost
import OrakeyKey
import OrakeyStore
import StrictJSON

/// `orakey audit`.
struct Audit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show who was given which key, and what operators did; check that nobody has changed that record.",
        subcommands: [AuditList.self, AuditVerify.self], defaultSubcommand: AuditList.self)
}

struct AuditList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the newest records, from orakeyd.",
        discussion: """
            With --json the records as orakeyd sends them. --after NUMBER lists from there on, oldest first, for programs \
            that follow the audit.
            """)

    @Option(help: "How many at most.") var limit = 50
    @Option(help: ArgumentHelp("Only records after this one, oldest first.", valueName: "number")) var after: UInt64?
    @OptionGroup var json: JSONOption

    func validate() throws {
        guard (1...1000).contains(limit) else { throw ValidationError("--limit is a number from 1 to 1000") }
    }

    func run() throws {
        let answer = try ControlClient().json(
            "/v1/audit", [("limit", "\(limit)"), ("after", after.map(String.init))])
        if json.isOn { return Output.json(answer) }
        let records = try OrakeyAPI.AuditList(json: answer).records
        guard !records.isEmpty else { return say("no records") }
        Output.table(
            ["NUMBER", "TIME", "EVENT", "DETAILS"],
            records.map { record in
                [
                    "\(record.sequence)", Moments.text(milliseconds: record.timeMilliseconds), record.event,
                    Console.printable(JSON.object(record.details).text),
                ]
            })
    }
}

struct AuditVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check every record of the audit against the wallet and the chain.",
        discussion: """
            Reads the journal itself, with orakeyd running or not, and trusts nothing but the wallet: a record that was \
            altered, moved or removed, and an end that was cut off, are named. Blocks that records refer to are looked up \
            at the configuration's endpoints unless --offline. Exit code 0 when all is in place, 1 when not.

            A journal put back to an older copy as a whole looks in order; --contains finds that, with the number and code \
            of a record noted elsewhere ("orakey audit --json" shows them).
            """)

    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var wallet: WalletOptions
    @Option(
        help: ArgumentHelp("Where the journal lives; else the configuration's.", valueName: "dir"),
        completion: .directory)
    var stateDir: String?
    @Option(
        help: ArgumentHelp("A record that must be there; may be repeated.", valueName: "number:code"),
        transform: NotedRecord.init)
    var contains: [NotedRecord] = []
    @Flag(help: "Do not ask the chain about blocks.") var offline = false
    @OptionGroup var json: JSONOption

    func run() async throws {
        let configuration = try self.configuration.load()
        guard let folder = HostEnvironment.current.stateDirectory(option: stateDir, configuration: configuration) else {
            throw Failure(.configuration, "\(StateDirectoryError.none)")
        }
        let journal = try SQLiteJournal(reading: StateDirectory.journalPath(in: folder))
        let file = try wallet.path(configuration)
        let key = try Wallets.unlock(file) { try wallet.passphrase.passphrase(of: file) }.auditKey()
        let expected = Dictionary(contains.map { ($0.sequence, $0.code) }) { first, _ in first }
        let (head, report) = try read(journal, key, expected)
        guard report.records > 0 || head != nil || !expected.isEmpty else {
            throw Failure(.negative, "there is no audit in \(folder): orakeyd has not run on this state yet")
        }
        var blocks = AnchorCheck()
        if !offline { blocks = await AnchorCheck.run(report.anchors, configuration) }
        show(report, blocks, head)
        guard report.isIntact, blocks.wrong.isEmpty else { throw Failure.negative }
    }

    private func read(
        _ journal: SQLiteJournal, _ key: SecretBytes, _ expected: [Int64: Bytes32]
    ) throws -> (AuditHead?, AuditVerifier.Report) {
        try journal.withAudit { head, next in
            var verifier = AuditVerifier(auditKey: key, head: head, expecting: expected)
            while let entry = try next() { verifier.take(entry) }
            return (head, verifier.finish())
        }
    }

    private func show(_ report: AuditVerifier.Report, _ blocks: AnchorCheck, _ head: AuditHead?) {
        let problems = report.problems.map(\.description) + blocks.wrong
        if json.isOn {
            return Output.json([
                "intact": .bool(problems.isEmpty), "records": .integer(report.records), "first": .integer(report.first),
                "last": .integer(report.last), "code": head.map { .string($0.code.hex) } ?? .null,
                "unsealed": .integer(report.unsealed), "blocks_checked": .integer(blocks.checked),
                "blocks_not_checked": .integer(blocks.notChecked), "problems": .array(problems.map { .string($0) }),
            ])
        }
        let skipped = blocks.notChecked == 0 ? "" : ", \(blocks.notChecked) not checked"
        Output.fields([
            ("records", "\(report.records), from \(report.first) to \(report.last)"),
            ("code", head?.code.hex),
            (
                "not sealed",
                report.unsealed == 0
                    ? nil : "\(report.unsealed) at the end, written before the wallet was unlocked in that run"
            ),
            ("blocks", offline ? nil : "\(blocks.checked) checked\(skipped)"),
            ("state", problems.isEmpty ? Style.output.green("intact") : Style.output.red("not intact")),
        ])
        for problem in problems { Output.line("problem  \(problem)") }
        if report.isForeign { say("no record was made with this wallet; is it the right one?") }
    }
}

/// A record that somebody noted: its number and code.
struct NotedRecord {
    let sequence: Int64
    let code: Bytes32

    init(_ text: String) throws {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let sequence = Int64(parts[0]), sequence > 0, let code = try? Bytes32(hex: parts[1])
        else { throw ValidationError("a record is its number, a colon, and its code as 0x and 64 hex digits") }
        self.sequence = sequence
        self.code = code
    }
}

/// What the chain says about the blocks that records refer to.
struct AnchorCheck {
    var checked = 0
    var notChecked = 0
    var wrong: [String] = []

    /// Blocks of one network that are asked about: the first, the last, and others spread between.
    private static let mostPerNetwork = 100

    static func run(_ anchors: [AuditVerifier.Anchor], _ configuration: Configuration) async -> AnchorCheck {
        var result = AnchorCheck()
        for (name, all) in Dictionary(grouping: anchors, by: \.network).sorted(by: {
            $0.key.description < $1.key.description
        }) {
            guard let section = configuration.network(name),
                let client = try? Chain.client(section.rpc, id: section.chainID, attempts: 2)
            else {
                result.notChecked += all.count
                continue
            }
            let step = max(1, (all.count - 1 + mostPerNetwork - 2) / (mostPerNetwork - 1))
            let chosen = all.indices.filter { $0 % step == 0 || $0 == all.count - 1 }.map { all[$0] }
            result.notChecked += all.count - chosen.count
            for anchor in chosen {
                let found: Block?
                do { found = try await client.send(.block(.number(anchor.block))) } catch {
                    result.notChecked += 1
                    continue
                }
                result.checked += 1
                guard let block = found else {
                    result.wrong.append("record \(anchor.sequence): \(name) has no block \(anchor.block)")
                    continue
                }
                if block.hash != anchor.hash {
                    result.wrong.append("record \(anchor.sequence): block \(anchor.block) of \(name) has another hash")
                }
            }
        }
        return result
    }
}
