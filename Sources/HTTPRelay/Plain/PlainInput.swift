import NIOCore

/// What a caller of the short way has sent, cut into requests.
struct PlainInput {
    enum Next {
        case request(PlainRequest)
        /// More has to come first.
        case incomplete
        /// Not of the plain form.
        case other
    }

    private var bytes = ByteBuffer()
    private var reader = PlainFormReader()
    private var form: PlainForm?

    /// Bytes that wait.
    var count: Int { bytes.readableBytes }

    mutating func append(_ more: ByteBuffer) {
        if count == 0 { bytes = more } else { bytes.writeImmutableBuffer(more) }
    }

    /// The request that the waiting bytes begin with.
    mutating func next(_ rules: FieldRules) -> Next {
        if form == nil {
            switch reader.read(bytes, rules: rules) {
            case .form(let found): form = found
            case .incomplete: return .incomplete
            case .other: return .other
            }
        }
        guard let form, let whole = bytes.getSlice(at: bytes.readerIndex, length: form.count) else {
            return .incomplete
        }
        return .request(PlainRequest(form: form, bytes: whole))
    }

    /// Drops the request that came last, which is on its way.
    mutating func advance() {
        bytes.moveReaderIndex(forwardBy: form?.count ?? 0)
        // Held on to, its memory could not serve the next read.
        if count == 0 { bytes = ByteBuffer() }
        reader = PlainFormReader()
        form = nil
    }

    /// All that waits, for somebody else to read.
    mutating func giveUp() -> ByteBuffer {
        defer { self = PlainInput() }
        return bytes
    }
}
