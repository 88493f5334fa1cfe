import ArgumentParser
import EthereumCore
import EthereumWallet
import OrakeyClient
import OrakeyKey
import StrictJSON

/// `orakey inspect`.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what an API key is, offline: network, message, signer, fingerprint.",
        discussion: "The key comes from standard input or a prompt. Exit code 1 when it is not well-formed.")

    @Argument(help: ArgumentHelp("Standard input.", valueName: "-")) var input = "-"
    @OptionGroup var scheme: SchemeOption
    @OptionGroup var json: JSONOption

    func validate() throws { try KeyArgument.check(input) }

    func run() throws {
        let key = InspectedKey(try KeyInput.read(), scheme: scheme.signing)
        json.isOn ? Output.json(.object(key.json)) : Output.fields(key.fields)
        if let problem = key.problem { throw Failure(.negative, problem) }
    }
}

/// `--signing`, where no configuration says it.
struct SchemeOption: ParsableArguments {
    @Option(help: ArgumentHelp("How the message was signed: eip191 or eip191-hex.", valueName: "scheme"))
    var signing: SigningScheme = .eip191
}

enum KeyArgument {
    /// The only argument is `-`: a key itself would show in every process list.
    static func check(_ input: String) throws {
        guard input == "-" else {
            throw ValidationError(
                "a key on the command line can be read by every local user; pass it on standard input, with - here")
        }
    }
}

/// A text that may be an API key, and what can be said about it without asking anyone.
struct InspectedKey {
    private(set) var key: APIKey?
    private(set) var owner: Address?
    private(set) var fingerprint: Fingerprint?
    /// Why it is not well-formed.
    private(set) var problem: String?

    init(_ text: SecretBytes, scheme: SigningScheme) {
        do throws(APIKeyError) {
            let inspection = try KeyInspection(text)
            guard let candidate = inspection.candidates.first(where: { $0.scheme == scheme }) else { throw .noSigner }
            owner = candidate.owner
            key = inspection.key
            fingerprint = inspection.fingerprint
        } catch {
            problem = "\(error)"
        }
    }

    var json: JSONObject {
        guard let key, let owner, let fingerprint else {
            return ["well_formed": false, "error": .string(problem ?? "")]
        }
        return [
            "well_formed": true, "network": .string("\(key.network)"), "owner": .string(owner.checksummed),
            "message": .string(key.message.hex), "fingerprint": .string("\(fingerprint)"),
            "layout": .string(key.layout.rawValue),
        ]
    }

    var fields: [(String, String?)] {
        guard let key, let owner, let fingerprint else { return [] }
        return [
            ("network", "\(key.network)"), ("owner", owner.checksummed), ("message", key.message.hex),
            ("fingerprint", "\(fingerprint)"), ("layout", key.layout.rawValue),
        ]
    }
}
