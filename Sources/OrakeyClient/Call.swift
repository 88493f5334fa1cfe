internal import OrakeyAPI
internal import StrictJSON
internal import UnixHTTP

/// Most time for a call and its answer, where the call does not say otherwise.
let answerTimeoutMilliseconds = 30_000
/// Largest answer taken: a page of keys is far smaller.
let maximumAnswerBytes = 16 << 20

/// A successful answer.
struct Answer {
    var status: Int
    var body: [UInt8]

    /// The body as JSON of the expected shape.
    func decode<T>(_ shape: (JSON) throws(JSONError) -> T) throws(ClientError) -> T {
        do throws(JSONError) {
            return try shape(try JSON.parse(body))
        } catch {
            throw ClientError(
                .unintelligible, "the daemon's answer is not understood: \(error)",
                hint: "orakey and orakeyd may be of different versions")
        }
    }
}

/// One call over a connection of its own. Blocks the calling thread.
struct Call {
    var method = "GET"
    var target: String
    var headers: [(name: String, value: String)] = []
    var timeoutMilliseconds = answerTimeoutMilliseconds

    /// Sends the call. The body is written from where it lies; its bytes go nowhere else.
    ///
    /// - Returns: the answer, when its status is 2xx; every other one is thrown as a refusal.
    func send(to path: String, body: UnsafeRawBufferPointer? = nil) throws(ClientError) -> Answer {
        let status: Int
        let answer: [UInt8]
        do throws(UnixHTTPError) {
            let deadline = Deadline.after(milliseconds: timeoutMilliseconds)
            var connection = try UnixHTTPConnection(path: path, deadline: deadline)
            status = try connection.send(
                method: method, target: target, headers: headers, body: body, deadline: deadline
            ).status
            answer = try connection.readBody(limit: maximumAnswerBytes, deadline: deadline)
        } catch {
            throw ClientError(error, path: path)
        }
        guard (200..<300).contains(status) else { throw ClientError(status: status, answer: answer) }
        return Answer(status: status, body: answer)
    }

    func send(to path: String, json: JSON) throws(ClientError) -> Answer {
        var call = self
        call.headers.append(("Content-Type", "application/json"))
        let bytes = json.serialize()
        let span = bytes.span
        return try span.withUnsafeBytes { (raw) throws(ClientError) in try call.send(to: path, body: raw) }
    }
}

extension ClientError {
    init(status: Int, answer: [UInt8]) {
        do throws(JSONError) {
            self.init(status: status, try ErrorBody(json: JSON.parse(answer)))
        } catch {
            self.init(
                .unintelligible, "status \(status) without an explanation", hint: "is it orakeyd that listens there?")
        }
    }
}

/// Path and query of a request, percent-encoded (RFC 3986 section 2.3).
func target(_ path: String, _ query: [(String, String?)] = []) -> String {
    var text = path
    var separator = "?"
    for (name, value) in query {
        guard let value else { continue }
        text += "\(separator)\(name)=\(percentEncoded(value))"
        separator = "&"
    }
    return text
}

func percentEncoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".unicodeScalars)
    var result = ""
    for byte in text.utf8 {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
            result.unicodeScalars.append(Unicode.Scalar(byte))
        default:
            result.unicodeScalars.append("%")
            result.unicodeScalars.append(digits[Int(byte >> 4)])
            result.unicodeScalars.append(digits[Int(byte & 15)])
        }
    }
    return result
}
