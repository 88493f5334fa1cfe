import EthereumCore
import EthereumWallet
import StrictJSON

/// Hashes with which an answer can be shown to be this one, to this request.
///
/// `requestHash` is the SHA-256 of the request's body as it was received. `responseHash` is the SHA-256 of the answer: of
/// a JSON answer the RFC 8785 form without the two fields; of a stream the `data` lines in order, `data: [DONE]` included,
/// each with one line feed in place of its line end, without the line that carries the two fields.
enum ResponseHash {
    static let requestField = "requestHash"
    static let responseField = "responseHash"
    /// The response header that names the scheme.
    static let schemeHeader = "X-Ora-Hash-Scheme"
    static let scheme = "sha256-jcs"

    /// The answer with both fields at its end; nil where the answer has no canonical form.
    static func seal(_ answer: JSONObject, requestHash: String) -> JSONObject? {
        var sealed = answer
        sealed[requestField] = nil
        sealed[responseField] = nil
        guard let text = JSON.object(sealed).canonical() else { return nil }
        sealed[requestField] = .string(requestHash)
        sealed[responseField] = .string(hex(SHA256.hash(text)))
        return sealed
    }

    /// 64 hex digits, as in the answers of the source.
    static func hex(_ hash: Bytes32) -> String { String(hash.hex.dropFirst(2)) }
}
