import CurlHTTP
import EthereumWallet
import HTTPRelay
import Synchronization

/// Moves a body that is still coming from the caller to the upstream, each as fast as the other allows.
enum UploadPump {
    /// What was moved so far, and why no more can be.
    final class Tally: Sendable {
        struct State {
            var bytes: UInt64 = 0
            var hash = RunningSHA256()
            var problem: RequestProblem?
        }

        private let state = Mutex(State())

        var current: State { state.withLock { $0 } }

        func add(_ piece: [UInt8]) {
            state.withLock {
                $0.bytes += UInt64(piece.count)
                $0.hash.update(piece)
            }
        }

        func end(_ problem: RequestProblem) { state.withLock { $0.problem = problem } }
    }

    static func run(_ payload: Payload, into upload: HTTPUpload?, _ tally: Tally) async {
        guard case .streamed(let start, _, let rest) = payload, let upload else { return }
        if !start.isEmpty { guard await move(start, into: upload, tally) else { return } }
        do throws(RequestProblem) {
            var pieces = rest.makeAsyncIterator()
            while let piece = try await pieces.next() {
                guard await move(piece, into: upload, tally) else { return }
            }
            upload.finish()
        } catch {
            tally.end(error)
            upload.fail()
        }
    }

    private static func move(_ piece: [UInt8], into upload: HTTPUpload, _ tally: Tally) async -> Bool {
        guard await upload.write(piece) else { return false }
        tally.add(piece)
        return true
    }
}
