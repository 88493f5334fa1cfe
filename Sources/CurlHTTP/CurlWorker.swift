internal import CCurl
internal import CLinuxShims

/// What the loop's thread does: owns the transfers under way and the handles between two of them.
@safe struct CurlWorker {
    /// Handles kept for the next transfer; making one costs more than resetting it.
    private static let maxSpareHandles = 16

    private let multi: UnsafeMutableRawPointer
    private let kept: KeptConnections
    private var transfers: [UnsafeMutableRawPointer: Transfer] = unsafe [:]
    private var spare: [UnsafeMutableRawPointer] = unsafe []

    init(multi: UnsafeMutableRawPointer, kept: KeptConnections) {
        unsafe self.multi = unsafe multi
        self.kept = kept
    }

    mutating func apply(_ command: CurlLoop.Command) {
        switch command {
        case .start(let transfer): start(transfer)
        case .cancel(let transfer):
            transfer.isCancelled = true
            end(transfer, .cancelled, "cancelled")
        case .resume(let transfer):
            guard transfer.isPaused, let easy = unsafe transfer.easy else { return }
            transfer.isPaused = false
            transfer.touch()
            note(transfer)
            // This may call the body callback at once, which may pause again.
            _ = unsafe curl_easy_pause(easy, transfer.uploadIsPaused ? CURLPAUSE_SEND : CURLPAUSE_CONT)
        case .resumeUpload(let transfer):
            guard transfer.uploadIsPaused, let easy = unsafe transfer.easy else { return }
            transfer.uploadIsPaused = false
            transfer.touch()
            note(transfer)
            _ = unsafe curl_easy_pause(easy, transfer.isPaused ? CURLPAUSE_RECV : CURLPAUSE_CONT)
        }
    }

    private mutating func start(_ transfer: Transfer) {
        guard !transfer.isCancelled else {
            transfer.request.upload?.close()
            transfer.receiver.finish(.failure(HTTPError(.cancelled, "\(transfer.request.url): cancelled")))
            return
        }
        guard let easy = unsafe spare.popLast() ?? curl_easy_init() else {
            transfer.receiver.finish(.failure(HTTPError(.other(27), "out of memory")))
            return
        }
        do throws(HTTPError) {
            try unsafe transfer.attach(easy, kept)
            let code = unsafe curl_multi_add_handle(multi, easy)
            guard code == CURLM_OK else { throw HTTPError(.other(Int(code.rawValue)), "libcurl takes no transfer") }
            unsafe transfers[easy] = transfer
            note(transfer)
        } catch {
            recycle(transfer)
            transfer.request.upload?.close()
            transfer.receiver.finish(.failure(error))
        }
    }

    /// Moves everything that can move; returns how long there is nothing to do, in milliseconds.
    mutating func advance() -> Int32 {
        var running: Int32 = 0
        _ = unsafe curl_multi_perform(multi, &running)
        var left: Int32 = 0
        while let message = unsafe curl_multi_info_read(multi, &left) {
            guard unsafe message.pointee.msg == CURLMSG_DONE, let easy = unsafe message.pointee.easy_handle,
                let transfer = unsafe transfers[easy]
            else { continue }
            // Read before the handle is removed: the message dies with it.
            let code = unsafe orakey_curl_message_result(message)
            if transfer.hasRefusedConnection {
                startAnew(transfer)
            } else {
                transfer.noteConnection(after: code)
                complete(transfer, transfer.result(of: code))
            }
        }
        return expireIdle()
    }

    /// Nothing was sent yet, and libcurl has ended the connection that was refused.
    private mutating func startAnew(_ transfer: Transfer) {
        if let easy = unsafe transfer.easy {
            _ = unsafe curl_multi_remove_handle(multi, easy)
            unsafe transfers[easy] = nil
        }
        recycle(transfer)
        start(transfer)
    }

    /// When the idle limits are worth a look: never later than the first deadline, often earlier.
    private var nextLook: Int64 = 0

    private mutating func note(_ transfer: Transfer) {
        if let look = transfer.nextLook { nextLook = min(nextLook, look) }
    }

    private mutating func expireIdle() -> Int32 {
        let now = orakey_monotonic_milliseconds()
        // Deadlines only move away, so that most turns need no look at every transfer.
        guard now >= nextLook else { return Int32(nextLook - now) }
        var next = now + 3_600_000
        for transfer in unsafe Array(transfers.values) {
            if transfer.isIdle(at: now) {
                end(transfer, .timedOut(.idle), "nothing came for too long")
            } else if let look = transfer.nextLook {
                next = min(next, look)
            }
        }
        nextLook = next
        return Int32(max(0, next - now))
    }

    private mutating func end(_ transfer: Transfer, _ code: HTTPError.Code, _ reason: String) {
        guard unsafe transfer.easy != nil else { return }
        let error = HTTPError(code, "\(transfer.request.url): \(reason)", mayHaveBeenSent: transfer.mayHaveBeenSent)
        complete(transfer, .failure(error))
    }

    private mutating func complete(_ transfer: Transfer, _ result: Result<Int, HTTPError>) {
        if let easy = unsafe transfer.easy {
            _ = unsafe curl_multi_remove_handle(multi, easy)
            unsafe transfers[easy] = nil
        }
        recycle(transfer)
        transfer.request.upload?.close()
        transfer.receiver.finish(result)
    }

    private mutating func recycle(_ transfer: Transfer) {
        guard let easy = unsafe transfer.release() else { return }
        if unsafe spare.count < Self.maxSpareHandles {
            unsafe spare.append(easy)
        } else {
            unsafe curl_easy_cleanup(easy)
        }
    }

    /// Ends what is under way and frees every handle.
    mutating func endAll() {
        for transfer in unsafe Array(transfers.values) { end(transfer, .shutDown, "the client was shut down") }
        while let easy = unsafe spare.popLast() { unsafe curl_easy_cleanup(easy) }
    }
}
