import EthereumCore
import EthereumWallet
import NIOCore
import OrakeyAPI
import OrakeyCore
import OrakeyKey
import Synchronization

/// Everything of a key's response but the key, made once and not for each request. Holds no secret.
final class KeyResponses: Sendable {
    private struct Frame {
        let consumer: String
        let network: NetworkName
        let message: Bytes32
        let generation: UInt64
        let createdBlock: UInt64?
        let notAfter: Timestamp?
        let textBefore: [UInt8]
        let jsonBefore: [UInt8]
        let jsonAfter: [UInt8]

        init(_ handout: Handout) {
            consumer = handout.consumer
            network = handout.network
            message = handout.message
            generation = handout.generation
            createdBlock = handout.createdBlock
            notAfter = handout.notAfter
            let (before, after) = Wire.details(handout).bodyAroundKey
            textBefore = Self.head("text/plain; charset=us-ascii", count: handout.key.count + 1)
            jsonAfter = after + [UInt8(ascii: "\n")]
            jsonBefore =
                Self.head("application/json", count: before.count + handout.key.count + jsonAfter.count) + before
        }

        func fits(_ handout: Handout) -> Bool {
            generation == handout.generation && message == handout.message && consumer == handout.consumer
                && network == handout.network && createdBlock == handout.createdBlock && notAfter == handout.notAfter
        }

        private static func head(_ type: String, count: Int) -> [UInt8] {
            Array(
                "HTTP/1.1 200 OK\r\ncontent-type: \(type)\r\ncontent-length: \(count)\r\ncache-control: no-store\r\n\r\n"
                    .utf8)
        }
    }

    /// One for each consumer at the most; beyond that the oldest goes.
    private static let most = 64

    private let frames = Mutex<[Frame]>([])

    /// Writes the response, head and body, that hands out this key.
    func write(_ handout: Handout, asText: Bool, to buffer: inout ByteBuffer) {
        let frame = frame(for: handout)
        buffer.writeBytes(asText ? frame.textBefore : frame.jsonBefore)
        unsafe handout.key.withUnsafeBytes { unsafe _ = buffer.writeBytes($0) }
        if asText {
            buffer.writeInteger(UInt8(ascii: "\n"))
        } else {
            buffer.writeBytes(frame.jsonAfter)
        }
    }

    private func frame(for handout: Handout) -> Frame {
        frames.withLock { frames in
            if let known = frames.first(where: { $0.fits(handout) }) { return known }
            frames.removeAll { $0.consumer == handout.consumer && $0.network == handout.network }
            if frames.count == Self.most { frames.removeFirst() }
            let frame = Frame(handout)
            frames.append(frame)
            return frame
        }
    }
}
