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
        discussion: """
            The key comes from standard input or a prompt. A signature alone does not tell in which scheme it was made: \
            the signer is shown for each, unless --signing names one or --owner says whose key it should be. Exit code 1 \
            when the key is not well-formed, or not that owner's.
            """)

    @Argument(help: ArgumentHelp("Standard input.", valueName: "-")) var input = "-"
    @Option(help: ArgumentHelp("How the message was signed: eip191 or eip191-hex.", valueName: "scheme"))
    var signing: SigningScheme?
    @Option(
        help: ArgumentHelp("Whose key it should be; tells how the message was signed.", valueName: "address"),
        transform: Address.argument)
    var owner: Address?
    @OptionGroup var json: JSONOption

    func validate() throws { try KeyArgument.check(input) }

    func run() throws {
        let key: InspectedKey
        do {
            key = InspectedKey(try KeyInput.read(), scheme: signing, owner: owner)
        } catch let error as APIKeyError {
            key = InspectedKey(problem: error)
        }
        json.isOn ? Output.json(.object(key.json)) : Output.fields(key.fields)
        if let problem = key.problem { throw Failure(.negative, problem) }
        if let owner, key.owner != owner {
            let means = signing.map { " as \($0.rawValue)" } ?? ""
            throw Failure(.negative, "well-formed, but \(owner.checksummed) did not sign it\(means)")
        }
    }
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
    /// How ``owner`` signed.
    private(set) var scheme = SigningScheme.eip191
    private(set) var fingerprint: Fingerprint?
    /// Who would have signed in each scheme.
    private var candidates: [KeyInspection.Candidate] = []
    /// Whether the scheme was asked for, or follows from the owner.
    private var isSchemeKnown: Bool
    /// Why it is not well-formed.
    private(set) var problem: String?

    /// - Parameters:
    ///   - wanted: The scheme; nil for the one in which `suspect` signed, else the default.
    ///   - suspect: Whose key it may be.
    init(_ text: SecretBytes, scheme wanted: SigningScheme?, owner suspect: Address? = nil) {
        isSchemeKnown = wanted != nil
        do throws(APIKeyError) {
            let inspection = try KeyInspection(text)
            var scheme = wanted
            if scheme == nil, let suspect, let fitting = inspection.schemes(fitting: suspect).first {
                scheme = fitting
                isSchemeKnown = true
            }
            let candidate = inspection.candidates.first { $0.scheme == scheme ?? .eip191 }
            guard let candidate = candidate ?? (scheme == nil ? inspection.candidates.first : nil) else {
                throw .noSigner
            }
            owner = candidate.owner
            self.scheme = candidate.scheme
            candidates = inspection.candidates
            key = inspection.key
            fingerprint = inspection.fingerprint
        } catch {
            problem = "\(error)"
        }
    }

    /// A text that was not even read.
    init(problem: APIKeyError) {
        isSchemeKnown = false
        self.problem = "\(problem)"
    }

    var json: JSONObject {
        guard let key, let owner, let fingerprint else {
            return ["well_formed": false, "error": .string(problem ?? "")]
        }
        return [
            "well_formed": true, "network": .string("\(key.network)"), "owner": .string(owner.checksummed),
            "message": .string(key.message.hex), "fingerprint": .string("\(fingerprint)"),
            "layout": .string(key.layout.rawValue), "signing": .string(scheme.rawValue),
            "signers": .object(signers),
        ]
    }

    private var signers: JSONObject {
        var signers = JSONObject()
        for candidate in candidates { signers[candidate.scheme.rawValue] = .string(candidate.owner.checksummed) }
        return signers
    }

    /// The scheme, and who else it would be in another.
    private var signing: String {
        let others = isSchemeKnown ? [] : candidates.filter { $0.scheme != scheme }
        return others.reduce(scheme.rawValue) { $0 + ", or \($1.scheme.rawValue) by \($1.owner.checksummed)" }
    }

    var fields: [(String, String?)] {
        guard let key, let owner, let fingerprint else { return [] }
        return [
            ("network", "\(key.network)"), ("owner", owner.checksummed), ("message", key.message.hex),
            ("fingerprint", "\(fingerprint)"), ("layout", key.layout.rawValue), ("signing", signing),
        ]
    }
}
