import NIOCore
import Testing

@testable import OrakeyServer

@Suite struct WipeTests {
    /// In place: a copy-on-write would wipe a copy.
    @Test func allThatShareTheBytesAreWiped() {
        let one = ByteBuffer(string: "xxBASE:5Fkey")
        let other = one
        one.getSlice(at: 2, length: 10)?.wipe()
        #expect(other == ByteBuffer(bytes: Array("xx".utf8) + [UInt8](repeating: 0, count: 10)))
        ByteBuffer().wipe()
    }

    @Test func aBufferThatGrowsLeavesNothingBehind() {
        var buffer = ByteBuffer(string: "pass")
        let before = buffer
        buffer.take(ByteBuffer(string: String(repeating: "word", count: 100)), allocator: ByteBufferAllocator())
        #expect(buffer == ByteBuffer(string: "pass" + String(repeating: "word", count: 100)))
        #expect(before == ByteBuffer(bytes: [0, 0, 0, 0]))
    }
}
