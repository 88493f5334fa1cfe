import NIOCore
import Testing

@testable import OrakeyServer

@Suite struct PlainGetTests {
    private func recognise(_ text: String) -> PlainGet.Request? {
        ByteBuffer(string: text).withUnsafeReadableBytes { PlainGet.recognise($0) }
    }

    private static let line = "GET /v1/key HTTP/1.1\r\n"

    @Test(arguments: [
        ("Host: localhost\r\n", false),
        ("host:localhost\r\n", false),
        ("HOST:   a b   c\r\nuser-agent: curl/8\r\naccept: */*\r\n", false),
        ("Accept: text/plain\r\nHost: x\r\n", true),
        ("Accept: TEXT/Plain\r\nHost: x\r\n", true),
        ("Accept: text/plain;q=1, */*\r\nHost: x\r\nAccept-Encoding: identity\r\n", true),
        ("Accept: application/json, text/plain\r\nHost: x\r\n", false),
    ]) func thePlainForm(headers: String, wantsText: Bool) {
        #expect(recognise(Self.line + headers + "\r\n") == PlainGet.Request(wantsText: wantsText))
    }

    @Test(arguments: [
        "", "\r\n\r\n", "GET", "GET /v1/key HTTP/1.1\r\n\r\n", "GET /v1/key HTTP/1.0\r\nHost: x\r\n\r\n",
        "GET /v1/key?a=b HTTP/1.1\r\nHost: x\r\n\r\n", "get /v1/key HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET  /v1/key HTTP/1.1\r\nHost: x\r\n\r\n", " GET /v1/key HTTP/1.1\r\nHost: x\r\n\r\n",
        "HEAD /v1/key HTTP/1.1\r\nHost: x\r\n\r\n",
    ]) func anotherRequest(text: String) { #expect(recognise(text) == nil) }

    @Test(arguments: [
        "Host: x\r\nHost: x\r\n", "Host: x\r\nAccept: a\r\nAccept: text/plain\r\n", "Host:\r\n", "Host: \r\n",
        "Host: x \r\n", "Host : x\r\n", " Host: x\r\n", "Host: x\r\n folded\r\n", "Host: x\n", "Host: x\r",
        "Host: x\u{0}\r\n",
        "Host: x\r\r\n", "Host: x\r\nOrigin: http://a\r\n", "Host: x\r\nReferer: http://a\r\n",
        "Host: x\r\nSec-Fetch-Site: none\r\n", "Host: x\r\nConnection: close\r\n",
        "Host: x\r\nExpect: 100-continue\r\n",
        "Host: x\r\nContent-Length: 0\r\n", "Host: x\r\nTransfer-Encoding: chunked\r\n", "Host: x\r\nX: y\r\n",
        "Host: x\r\nHosts: x\r\n", "Host: ä\r\n", "Accept: */*\r\n", "Host: a\tb\r\n", "Host", "Host:", "Host: x",
    ]) func headersThatTheParserShouldSee(headers: String) {
        #expect(recognise(Self.line + headers + "\r\n") == nil)
    }

    @Test func neitherLessNorMoreThanOneRequest() {
        let whole = Self.line + "Host: localhost\r\nAccept: text/plain\r\n\r\n"
        #expect(recognise(whole) != nil)
        for count in 0..<whole.utf8.count {
            #expect(recognise(String(decoding: whole.utf8.prefix(count), as: UTF8.self)) == nil)
        }
        for more in ["\r\n", "G", whole, "\0", "\r\n\r\n"] { #expect(recognise(whole + more) == nil) }
        #expect(recognise(Self.line + "Host: \(String(repeating: "x", count: PlainGet.mostBytes))\r\n\r\n") == nil)
    }
}
