public import NIOCore

/// A whole request of the plain form.
public struct PlainRequest: Sendable {
    let form: PlainForm
    /// Head and body, from the first byte on.
    let bytes: ByteBuffer

    /// The target in origin form, as received.
    public var target: ByteBufferView { view(form.target) }
    /// The value of the one Host field.
    public var host: String { String(decoding: view(form.host ?? 0..<0), as: UTF8.self) }
    /// The value of the one Authorization field; nil without one.
    public var authorization: String? { form.authorization.map { String(decoding: view($0), as: UTF8.self) } }
    /// The body.
    public var body: ByteBufferView { view(form.headBytes..<form.count) }

    private func view(_ range: Range<Int>) -> ByteBufferView {
        bytes.viewBytes(at: bytes.readerIndex + range.lowerBound, length: range.count) ?? ByteBufferView()
    }

    /// The request as it goes on, but for the fields that are added to it: up to them, and from the head's end on.
    func writeStart(to buffer: inout ByteBuffer, host: String) {
        buffer.writePart(of: bytes, form.method.lowerBound..<form.target.upperBound)
        buffer.writeStaticString(" HTTP/1.1\r\nHost: ")
        buffer.writeString(host)
        buffer.writeStaticString("\r\n")
        for range in form.kept { buffer.writePart(of: bytes, range) }
        // A method that has a body says so even when it is empty (RFC 9110, section 8.6).
        if let length = form.length ?? (form.mayHaveBody ? 0 : nil) {
            buffer.writeStaticString("Content-Length: ")
            buffer.writeString(String(length))
            buffer.writeStaticString("\r\n")
        }
    }

    func writeBody(to buffer: inout ByteBuffer) {
        buffer.writePart(of: bytes, form.headBytes..<form.count)
    }
}

extension ByteBuffer {
    /// Adds bytes of another buffer, counted from its first readable one.
    mutating func writePart(of source: ByteBuffer, _ range: Range<Int>) {
        guard let view = source.viewBytes(at: source.readerIndex + range.lowerBound, length: range.count) else {
            return
        }
        writeBytes(view)
    }
}
