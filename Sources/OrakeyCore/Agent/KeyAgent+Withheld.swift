import EthereumCore
import Logging
import OrakeyKey

/// Revocations that the journal could not take: their keys are out of circulation already, and the journal learns of
/// them as soon as it can be written.
extension KeyAgent {
    /// A revocation as its caller meant it.
    final class WithheldRevocation: Sendable {
        let messages: [NetworkName: [Bytes32]]
        let reason: String?
        let tag: IdempotencyTag?
        let requester: Requester?

        init(messages: [NetworkName: [Bytes32]], reason: String?, tag: IdempotencyTag?) {
            self.messages = messages
            self.reason = reason
            self.tag = tag
            requester = Requester.current
        }
    }

    /// Further revocations have to bring keys that are not withheld yet, of which there is an end.
    static let mostWithheld = 1000

    /// Whether a key was revoked without the journal. The same message may be another key on another network.
    func isWithheld(_ message: Bytes32, on network: NetworkName) -> Bool {
        withheld.contains { $0.messages[network]?.contains(message) ?? false }
    }

    /// Takes keys out of circulation, in memory.
    func withhold(
        _ messages: [NetworkName: [Bytes32]], reason: String?, tag: IdempotencyTag?
    ) throws -> WithheldRevocation {
        for (name, list) in messages {
            let set = Set(list)
            board.withdraw(network: name) { set.contains($0.message) }
        }
        let isNew = messages.contains { name, list in list.contains { !isWithheld($0, on: name) } }
        if withheld.count >= Self.mostWithheld, !isNew { _ = try journal(withheld[0]) }
        let revocation = WithheldRevocation(messages: messages, reason: reason, tag: tag)
        withheld.append(revocation)
        return revocation
    }

    /// Journals one that is withheld, in a commit of its own.
    func journal(_ revocation: WithheldRevocation) throws -> Accepted {
        for (name, list) in revocation.messages { try load(list, on: name) }
        let accepted = try Requester.$current.withValue(revocation.requester) {
            try run(on: Set(revocation.messages.keys), revocation.tag) { name, ledger, now in
                ledger.revoke(revocation.messages[name] ?? [], reason: revocation.reason, at: now)
            }
        }
        withheld.removeAll { $0 === revocation }
        for name in revocation.messages.keys { journalWorks(on: name) }
        return accepted
    }

    /// Tries again what the journal could not take, each for itself; called at each turn of the workers.
    func retryWithheld() {
        for revocation in withheld {
            do {
                _ = try journal(revocation)
                log.notice("the journal has a revocation that was withheld")
            } catch {
                for name in revocation.messages.keys { journalFails(error, on: name) }
            }
        }
    }

    // MARK: - The alarm

    /// The journal took a commit. The alarm stands on while a revocation is on no disk.
    func journalWorks(on network: NetworkName) {
        if !withheld.contains(where: { $0.messages[network] != nil }) { clear(.journalFailed, on: network) }
    }

    func journalFails(_ error: any Error, on network: NetworkName) {
        let keys = Set(withheld.flatMap { $0.messages[network] ?? [] }).count
        let held = keys == 0 ? "" : "; revoked keys that only this process knows of: \(keys), mend this before it stops"
        raise(.journalFailed, "\(AgentError.journal(error).description)\(held)", on: network)
    }
}
