import ArgumentParser
import EthereumCore
import EthereumProof
import Glibc
import OrakeyClient
import OrakeyConfig
import OrakeyContract
import OrakeyCore
import OrakeyKey
import StrictJSON

/// `orakey keys proof`.
struct KeysProof: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "proof",
        abstract: "Print the proof that a key was disabled on chain, as JSON.",
        discussion: "For whoever must be convinced without trusting this host: orakey keys check-proof FILE")

    @Argument(
        help: ArgumentHelp("The key's fingerprint.", valueName: "SHA256:..."),
        transform: { try Fingerprint(parsing: $0) })
    var fingerprint: Fingerprint
    @OptionGroup var json: AlwaysJSONOption

    func run() throws {
        Output.json(try ControlClient().json("/v1/keys/\(fingerprint)/proof", []))
    }
}

/// `orakey keys check-proof`.
struct KeysCheckProof: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-proof",
        abstract: "Check a proof of revocation offline, and say what it does not prove.",
        discussion: """
            Verifies header, receipt trie, receipt and event; asks nobody. What is known from elsewhere narrows it: the \
            configuration's contract and chain where it names the network, and the options below. Exit code 0 when it \
            holds, 1 when it does not, 65 when it is no proof.
            """)

    @Argument(help: ArgumentHelp("The proof, or - for standard input.", valueName: "file"), completion: .file())
    var file: String
    @Option(
        help: ArgumentHelp("The owner the key must belong to.", valueName: "0x..."), transform: Address.argument)
    var owner: Address?
    @Option(
        help: ArgumentHelp("The message the key must have.", valueName: "0x..."), transform: Bytes32.argument)
    var message: Bytes32?
    @Option(
        help: ArgumentHelp("Hash of the block at that height, from a node you trust.", valueName: "0x..."),
        transform: Bytes32.argument)
    var canonicalHash: Bytes32?
    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var json: JSONOption

    func run() throws {
        let text = try read()
        let proof: RevocationProof
        do throws(ProofError) { proof = try RevocationProof(text: text) } catch {
            throw Failure(.badData, "\(file) is no proof of revocation: \(error)")
        }
        let expected = try expectation(for: proof)
        let report: RevocationReport
        do throws(ProofError) { report = try proof.verify(expecting: expected) } catch {
            throw Failure(.negative, "the proof does not hold: \(error)")
        }
        if json.isOn { return Output.json(report.json) }
        for line in report.proven { Output.line("proven: \(line)") }
        for line in report.notProven { Output.line("not proven: \(line)") }
        if proof.event == .keyDisabled, !proof.messageNamesDeployment {
            say(
                "the message is not one that the reference contract at \(proof.contract) issues on chain \(proof.chainID)"
            )
        }
    }

    private func read() throws -> [UInt8] {
        let descriptor = file == "-" ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Failure(.noInput, "\(file) can't be read: \(String(cString: strerror(errno)))")
        }
        defer { if file != "-" { close(descriptor) } }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while text.count <= RevocationProof.maxTextBytes {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { throw Failure(.inputOutput, "\(file): \(String(cString: strerror(errno)))") }
            if count == 0 { break }
            text += buffer[..<count]
        }
        return text
    }

    private func expectation(for proof: RevocationProof) throws -> RevocationExpectation {
        let network = try configuration.loadIfPresent().flatMap { configuration in
            (try? NetworkName(proof.network)).flatMap { configuration.network($0) }
        }
        var expected = RevocationExpectation(
            chainID: network?.chainID, contract: network?.contract, owner: owner, message: message,
            canonicalHash: canonicalHash)
        // The event of a contract that the configuration describes; any other must be the reference contract's.
        if let network, let contract = network.contract {
            let description = try ContractDescription(settings: network, address: contract)
            expected.event = try ProofMaker.event(description.disabled)
        }
        return expected
    }
}
