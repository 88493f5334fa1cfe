import ArgumentParser
import EthereumCore
import EthereumWallet
import Glibc
import OrakeyClient
import OrakeyConfig
import OrakeyKey

/// `orakey derive`.
struct Derive: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Rebuild the keys of consecutive messages from the wallet, offline; one key a line.",
        discussion: """
            The same wallet and message always give the same key. Network, layout, signing and account are the \
            configuration's unless --wallet names a wallet; then BASE, text, eip191 and m/44'/60'/0'/0/0 unless told otherwise.
            """)

    private static let most = 10_000_000

    @Option(help: ArgumentHelp("The first message.", valueName: "0x.."), transform: Bytes32.argument) var message:
        Bytes32
    @Option(name: [.customShort("n"), .long], help: "How many consecutive messages.") var count = 1
    @Option(help: "The network's name in front of the key.", transform: NetworkName.argument) var network: NetworkName?
    @Option(help: "The layout of the key: text or binary.") var layout: KeyLayout?
    @Option(help: ArgumentHelp("How the message is signed: eip191 or eip191-hex.", valueName: "scheme"))
    var signing: SigningScheme?
    @OptionGroup var wallet: WalletOptions
    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var json: JSONOption

    func validate() throws {
        guard (1...Self.most).contains(count) else {
            throw ValidationError("--count is a number from 1 to \(Self.most)")
        }
        let (_, overflow) = UInt256(message).addingReportingOverflow(UInt256(UInt64(count - 1)))
        guard !overflow else { throw ValidationError("--message and --count go beyond the largest message") }
    }

    func run() throws {
        // A wallet that was named needs no configuration; one of another wallet would only mislead.
        let configuration =
            wallet.file == nil || configuration.file != nil ? try configuration.loadIfPresent() : nil
        let section = try configuration.flatMap { try Networks.choose(network, in: $0, optional: true) }
        let name = try network ?? section?.name ?? NetworkName("BASE")
        let account = try wallet.unlockAccount(configuration, network: section)
        let batch = Batch(
            account: account, network: name, first: message, count: count, layout: layout ?? section?.layout ?? .text,
            scheme: signing ?? section?.signing ?? .eip191)
        try SecretLines.print { line in try json.isOn ? batch.printJSON(line) : batch.derive(line) }
    }
}

private struct Batch {
    let account: Account
    let network: NetworkName
    let first: Bytes32
    let count: Int
    let layout: KeyLayout
    let scheme: SigningScheme

    func derive(_ consume: (UnsafeRawBufferPointer) throws -> Void) throws {
        try APIKey.deriveBatch(
            account: account, network: network, first: first, count: count, layout: layout, scheme: scheme,
            consume: consume)
    }

    /// One object with a list, a key a line, as it is derived: there may be millions.
    func printJSON(_ line: (UnsafeRawBufferPointer) throws -> Void) throws {
        try Array("{\"keys\":[".utf8).withUnsafeBytes(line)
        var message = UInt256(first)
        var left = count
        try derive { key in
            left -= 1
            // The key is base58 behind a network's name: nothing in it needs an escape.
            let fingerprint = Fingerprint(of: key)
            let details = [
                ("network", "\(network)"), ("message", Bytes32(message).hex), ("fingerprint", "\(fingerprint)"),
            ]
            let fields = details.map { "\"\($0)\":\"\($1)\"" }.joined(separator: ",")
            let before = Array("{\(fields),\"key\":\"".utf8)
            let after = Array((left > 0 ? "\"}," : "\"}").utf8)
            let whole = SecretBytes(count: before.count + key.count + after.count) { buffer in
                buffer.copyBytes(from: before)
                UnsafeMutableRawBufferPointer(rebasing: buffer[before.count...]).copyMemory(from: key)
                UnsafeMutableRawBufferPointer(rebasing: buffer[(before.count + key.count)...]).copyBytes(from: after)
            }
            try whole.withUnsafeBytes(line)
            message = message.addingReportingOverflow(1).partialValue
        }
        try Array("]}".utf8).withUnsafeBytes(line)
    }
}

/// Secrets on their way to standard output, a line each, gathered in secret memory: two system calls for every key would
/// take a tenth of the time that two cores need for it.
enum SecretLines {
    private static let capacity = 64 << 10

    static func print(_ body: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void) throws {
        _ = try SecretBytes(capacity: capacity) { buffer throws in
            var count = 0
            func flush() throws {
                guard Console.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]), to: STDOUT_FILENO) else {
                    throw Failure(.inputOutput, "cannot write to standard output: \(String(cString: strerror(errno)))")
                }
                count = 0
            }
            try body { line in
                if count + line.count + 1 > capacity { try flush() }
                UnsafeMutableRawBufferPointer(rebasing: buffer[count...]).copyMemory(from: line)
                count += line.count + 1
                buffer[count - 1] = 0x0A
            }
            try flush()
            return 0
        }
    }
}
