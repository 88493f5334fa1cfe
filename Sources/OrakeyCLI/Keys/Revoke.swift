import ArgumentParser
import EthereumCore
import EthereumWallet
import OrakeyAPI
import OrakeyClient
import OrakeyKey

/// `orakey revoke`.
struct Revoke: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Disable keys for good: a leaked one, a consumer's, or all.",
        discussion: """
            Hand-out stops and the disable is journaled before the daemon answers; consumers get a new key from the pool. \
            A key itself is read from standard input or asked for on the terminal, never taken from the command line. \
            Prints the fingerprints of the revoked keys.
            """)

    @Argument(
        help: ArgumentHelp(
            "The key from standard input (-), a fingerprint, or a message.", valueName: "-|SHA256:..|0x.."))
    var selector: String?
    @Option(help: "Every key of this consumer.") var consumer: String?
    @Flag(help: "Every key of every consumer.") var all = false
    @Option(help: "Only on this network.", transform: NetworkName.argument) var network: NetworkName?
    @Option(help: "Why; goes into the audit.") var reason: String?
    @OptionGroup var wait: WaitOptions
    @OptionGroup var json: JSONOption

    func validate() throws {
        let count = (selector == nil ? 0 : 1) + (consumer == nil ? 0 : 1) + (all ? 1 : 0)
        guard count == 1 else {
            throw ValidationError("exactly one of -, a fingerprint, a message, --consumer and --all is needed")
        }
        if selector == "-", network != nil {
            throw ValidationError("a key names its network itself: leave out --network")
        }
        if let reason, reason.utf8.count > maximumReasonBytes {
            throw ValidationError("--reason has at most \(maximumReasonBytes) bytes")
        }
        if let selector, selector != "-", !selector.hasPrefix("SHA256:"), !selector.hasPrefix("0x") {
            throw ValidationError(
                selector.contains(":")
                    ? "a key on the command line can be read by every local user; pass it on standard input: orakey revoke -"
                    : "expected -, a fingerprint (SHA256:...) or a message (0x...)")
        }
    }

    func run() throws {
        if selector == "-" { return try revokeKey() }
        let chosen: RevokeRequest.Selector
        if let consumer {
            chosen = .consumer(consumer)
        } else if all {
            chosen = .all
        } else {
            chosen = try KeySelector.parse(selector ?? "")
        }
        let request = RevokeRequest(chosen, network: network.map { "\($0)" }, reason: reason)
        try Change.carryOut(wait, json, done: "revoked on chain") { (client, key, time) throws(ClientError) in
            try client.revoke(request, key: key, wait: time)
        }
    }

    /// The key goes from where it was read to the socket in secret memory. A malformed one is refused here already.
    private func revokeKey() throws {
        let key = try KeyInput.read()
        _ = try APIKey(parsing: key)
        let (before, after) = RevokeRequest.bodyAroundKey(reason: reason)
        let body = SecretBytes(count: before.count + key.count + after.count) { buffer in
            buffer.copyBytes(from: before)
            key.withUnsafeBytes {
                UnsafeMutableRawBufferPointer(rebasing: buffer[before.count...]).copyMemory(from: $0)
            }
            UnsafeMutableRawBufferPointer(rebasing: buffer[(before.count + key.count)...]).copyBytes(from: after)
        }
        try Change.carryOut(wait, json, done: "revoked on chain") { (client, name, time) throws(ClientError) in
            try body.withUnsafeBytes { (bytes) throws(ClientError) in
                try client.revoke(body: bytes, key: name, wait: time)
            }
        }
    }
}

/// A key named on the command line, by what may be seen there: a message or a fingerprint.
enum KeySelector {
    static func parse(_ text: String) throws -> RevokeRequest.Selector {
        if text.hasPrefix("0x") {
            guard let message = try? Bytes32(hex: text) else {
                throw Failure(.usage, "a message is 0x and 64 hex digits")
            }
            return .message(message.hex)
        }
        guard let fingerprint = try? Fingerprint(parsing: text) else {
            throw Failure(.usage, "a fingerprint is SHA256: and 16 hex digits")
        }
        return .fingerprint("\(fingerprint)")
    }
}
