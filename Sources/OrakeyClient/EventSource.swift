internal import OrakeyAPI
public import UnixHTTP

/// Heartbeats come far more often: a stream that is silent for so long is dead.
private let silenceMilliseconds = 120_000

/// An open stream of Server-Sent Events. Wait for each with ``next()``.
public struct EventSource: ~Copyable {
    private let path: String
    private var connection: UnixHTTPConnection
    private var parser = EventStreamParser()

    init(path: String, target: String) throws(ClientError) {
        self.path = path
        let failure: ClientError
        do throws(UnixHTTPError) {
            let deadline = Deadline.after(milliseconds: answerTimeoutMilliseconds)
            var connection = try UnixHTTPConnection(path: path, deadline: deadline)
            let head = try connection.send(
                method: "GET", target: target, headers: [("Accept", "text/event-stream")], deadline: deadline)
            if head.status == 200 {
                self.connection = connection
                return
            }
            let body = try connection.readBody(limit: maximumAnswerBytes, deadline: deadline)
            failure = ClientError(status: head.status, answer: body)
        } catch {
            failure = ClientError(error, path: path)
        }
        throw failure
    }

    /// Waits for the next event; nil when the daemon ends the stream.
    public mutating func next() throws(ClientError) -> ServerSentEvent? {
        do throws(UnixHTTPError) {
            return try connection.nextEvent(&parser, deadline: .after(milliseconds: silenceMilliseconds))
        } catch {
            throw ClientError(error, path: path)
        }
    }
}
