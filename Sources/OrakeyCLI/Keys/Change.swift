import ArgumentParser
import Glibc
import OrakeyAPI
import OrakeyClient
import StrictJSON

/// Whether and how long to wait for the chain.
struct WaitOptions: ParsableArguments {
    @Flag(name: .customLong("no-wait"), help: "Return as soon as the daemon has journaled it.")
    var isOff = false

    @Option(help: ArgumentHelp("How long to wait for the chain.", valueName: "seconds"))
    var timeout = 600

    func validate() throws {
        guard (0...86400).contains(timeout) else {
            throw ValidationError("--timeout is a number of seconds up to 86400")
        }
    }
}

/// Carries out create, rotate and revoke: the call, the wait for the chain, and what is said about it.
enum Change {
    typealias Call = (ControlClient, IdempotencyKey, WaitTime?) throws(ClientError) -> ChangeProgress

    /// How long the daemon holds one answer back. Short on a terminal, where progress is shown in between.
    private static let sliceSeconds = isatty(STDERR_FILENO) == 1 ? 1 : 15
    /// How often a call whose answer was lost is repeated. It has the same name each time, so it acts once.
    private static let mostAttempts = 3

    static func carryOut(_ wait: WaitOptions, _ json: JSONOption, done: String, _ call: Call) throws {
        let client = ControlClient()
        let key = IdempotencyKey()
        var progress = try attempt { () throws(ClientError) in try call(client, key, nil) }
        if !wait.isOff, !progress.isDone {
            progress = try settle(progress, until: wait.timeout, client) { (time) throws(ClientError) in
                try call(client, key, time)
            }
        }
        let accepted = progress.accepted
        if !wait.isOff { try check(accepted, client) }
        json.isOn ? Output.json(accepted.json) : accepted.fingerprints.forEach(Output.line)
        guard !wait.isOff, !progress.isDone else {
            return say(wait.isOff && !progress.isDone ? "accepted; \(intents(accepted)) on the way to the chain" : done)
        }
        throw Failure(
            .temporary,
            "not confirmed within \(wait.timeout) seconds; orakeyd goes on with \(intents(accepted)), see orakey intents"
        )
    }

    private static func intents(_ accepted: Accepted) -> String {
        accepted.intents.isEmpty
            ? "the work"
            : (accepted.intents.count == 1 ? "intent " : "intents ")
                + accepted.intents.map(String.init).joined(separator: ", ")
    }

    private static func attempt(_ call: () throws(ClientError) -> ChangeProgress) throws(ClientError) -> ChangeProgress
    {
        for _ in 1..<mostAttempts {
            do throws(ClientError) {
                return try call()
            } catch {
                guard error.kind == .noAnswer else { throw error }
            }
        }
        return try call()
    }

    private static func settle(
        _ first: ChangeProgress, until timeout: Int, _ client: ControlClient,
        _ call: (WaitTime) throws(ClientError) -> ChangeProgress
    ) throws -> ChangeProgress {
        var line = ProgressLine()
        var progress = first
        let heads = isatty(STDERR_FILENO) == 1 ? Heads(client) : nil
        while !progress.isDone, line.elapsed < timeout {
            let blocks = heads.flatMap { $0.elapsed(client) }.map { ", \(Amounts.count($0, "block"))" } ?? ""
            line.show("waiting for the chain\(blocks)")
            let time = WaitTime(seconds: min(sliceSeconds, max(1, timeout - line.elapsed)))
            do throws(ClientError) {
                progress = try attempt { () throws(ClientError) in try call(time) }
            } catch {
                guard error.kind == .unreachable || error.kind == .noAnswer else { throw error }
                throw Failure(
                    .temporary, "\(error.message); \(intents(first.accepted)) is journaled and goes on when it is back")
            }
        }
        return progress
    }

    /// A confirmed answer says that nothing is under way any more; the journal says whether it succeeded.
    private static func check(_ accepted: Accepted, _ client: ControlClient) throws {
        for id in accepted.intents {
            let intent: Intent
            do throws(ClientError) {
                intent = try client.intent(id)
            } catch {
                // The change itself was answered; a daemon that is going down need not explain it too.
                return
            }
            if intent.state == .failed || intent.state == .cancelled {
                let why = intent.error.map { ": \($0)" } ?? ""
                throw Failure(.negative, "intent \(id) \(intent.state.rawValue)\(why); see orakey intents show \(id)")
            }
        }
    }

    /// How many blocks have gone by on the network that moved most.
    private struct Heads {
        private let start: [String: UInt64]

        init?(_ client: ControlClient) {
            guard let start = Heads.read(client) else { return nil }
            self.start = start
        }

        func elapsed(_ client: ControlClient) -> Int? {
            guard let now = Heads.read(client) else { return nil }
            return now.compactMap { network, head in start[network].map { Int(clamping: head) - Int(clamping: $0) } }
                .max()
        }

        /// The number of blocks is an extra: a daemon that is busy elsewhere costs nothing but the number.
        private static func read(_ client: ControlClient) -> [String: UInt64]? {
            guard let status = try? client.status() else { return nil }
            return Dictionary(
                status.networks.compactMap { network in network.head.map { (network.network, $0) } },
                uniquingKeysWith: { first, _ in first })
        }
    }
}
