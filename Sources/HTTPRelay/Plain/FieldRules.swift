/// What a field means to a relay, found by its name as bytes. Whatever is not listed here goes on as it is.
public struct FieldRules: Sendable {
    enum Meaning: Sendable {
        case goesOn, endsHere
        /// Too unusual for the short way.
        case elsewhere
        case host, length, connection, coding, authorization, type
        /// Goes on, and the exchange wants to know it.
        case noted
    }

    private struct Entry {
        let name: [UInt8]
        let meaning: Meaning
    }

    /// Names of other lengths are told apart without a look at their letters.
    private var byLength: [[Entry]] = []

    /// The rules of requests.
    ///
    /// - Parameters:
    ///   - dropping: names of fields that end here.
    ///   - elsewhere: names of fields that take a request to the full front.
    public init(dropping: [String], elsewhere: [String]) {
        add(["host"], .host)
        add(["content-length"], .length)
        add(["connection"], .connection)
        add(["authorization"], .authorization)
        add(
            [
                "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te",
                "trailer",
                "transfer-encoding", "upgrade",
            ], .elsewhere)
        add(elsewhere, .elsewhere)
        add(dropping, .endsHere)
    }

    /// The rules of answers.
    ///
    /// - Parameter noting: name of a field whose value is ``PlainAnswer/note``.
    public init(ofAnswersDropping dropping: [String], noting: String? = nil) {
        add(["content-length"], .length)
        add(["connection"], .connection)
        add(["transfer-encoding"], .coding)
        add(["content-type"], .type)
        if let noting { add([noting], .noted) }
        add(HopByHop.names + dropping, .endsHere)
    }

    /// The first meaning of a name counts.
    private mutating func add(_ names: [String], _ meaning: Meaning) {
        for name in names {
            let bytes = Array(name.lowercased().utf8)
            while byLength.count <= bytes.count { byLength.append([]) }
            byLength[bytes.count].append(Entry(name: bytes, meaning: meaning))
        }
    }

    func meaning(of name: Range<Int>, in bytes: Span<UInt8>) -> Meaning {
        guard name.count < byLength.count else { return .goesOn }
        for entry in byLength[name.count] where bytes.equals(entry.name, in: name) { return entry.meaning }
        return .goesOn
    }
}
