import Glibc

extension SecretBytes {
    /// Reads a secret from a file descriptor to its end, straight into secret memory.
    ///
    /// - Parameters:
    ///   - fileDescriptor: An open descriptor: a pipe, a file, standard input.
    ///   - maxCount: Limit in bytes, without the line end. One byte more is ``WalletError/inputTooLong(limit:)``.
    ///   - strippingNewline: Drops one `\n` or `\r\n` at the end, which editors and `echo` add.
    public static func read(
        fileDescriptor: Int32, maxCount: Int, strippingNewline: Bool = true
    ) throws(WalletError) -> SecretBytes {
        try unsafe SecretBytes(capacity: maxCount + 3) { buffer throws(WalletError) in
            var count = 0
            while count < buffer.count {
                let n = unsafe Glibc.read(fileDescriptor, buffer.baseAddress! + count, buffer.count - count)
                if n == 0 { break }
                if n < 0 {
                    if errno == EINTR { continue }
                    throw .unreadable(path: "file descriptor \(fileDescriptor)", errno: errno)
                }
                count += n
            }
            if strippingNewline, count > 0, unsafe buffer[count - 1] == UInt8(ascii: "\n") {
                count -= 1
                if count > 0, unsafe buffer[count - 1] == UInt8(ascii: "\r") { count -= 1 }
            }
            if count > maxCount { throw .inputTooLong(limit: maxCount) }
            return count
        }
    }

    /// Reads a secret from a file that nobody but its owner (and root) can read.
    ///
    /// - Throws: ``WalletError/tooOpen(path:mode:)`` when group or others have any right to the file.
    public static func read(privateFile path: String, maxCount: Int) throws(WalletError) -> SecretBytes {
        let file = try PrivateFile(reading: path)
        return try read(fileDescriptor: file.descriptor, maxCount: maxCount)
    }

    /// Asks for a secret on the controlling terminal without showing it.
    ///
    /// The line is edited here, byte by byte in secret memory (backspace, ctrl-U, ctrl-C, ctrl-D), because the terminal
    /// driver's line editor would keep a copy and an interrupt would leave the echo off.
    ///
    /// - Parameters:
    ///   - prompt: Shown first; should name the file or the secret that is wanted.
    ///   - maxCount: Limit in bytes.
    /// - Throws: ``WalletError/noTerminal`` without a terminal, ``WalletError/cancelled`` after ctrl-C or ctrl-D.
    public static func readFromTerminal(prompt: String, maxCount: Int) throws(WalletError) -> SecretBytes {
        let fd = unsafe open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard fd >= 0 else { throw .noTerminal }
        defer { close(fd) }
        return try readLine(terminal: fd, prompt: prompt, maxCount: maxCount)
    }

    /// The same on an open terminal; a test drives it through a pseudo-terminal.
    package static func readLine(terminal fd: Int32, prompt: String, maxCount: Int) throws(WalletError) -> SecretBytes {
        var saved = termios()
        guard unsafe tcgetattr(fd, &saved) == 0 else { throw .noTerminal }
        var silent = saved
        silent.c_lflag &= ~tcflag_t(ECHO | ECHONL | ICANON | ISIG)
        silent.c_iflag &= ~tcflag_t(IXON)
        guard unsafe tcsetattr(fd, TCSAFLUSH, &silent) == 0 else { throw .noTerminal }
        defer {
            _ = unsafe tcsetattr(fd, TCSAFLUSH, &saved)
            show("\n", on: fd)
        }
        show(prompt, on: fd)
        return try unsafe SecretBytes(capacity: maxCount + 1) { line throws(WalletError) in
            // The byte just read lies behind the line, so that no copy of it is left on the stack.
            let next = unsafe line.baseAddress! + maxCount
            var count = 0
            while true {
                let n = unsafe Glibc.read(fd, next, 1)
                if n < 0, errno == EINTR { continue }
                if n < 0 { throw .unreadable(path: "terminal", errno: errno) }
                let byte = unsafe n == 0 ? 4 : line[maxCount]
                switch byte {
                case 0x0A, 0x0D: return count
                case 0x03: throw .cancelled
                case 0x04:
                    if count == 0 { throw .cancelled }
                    return count
                case 0x15: count = 0
                case 0x08, 0x7F:
                    // One character back: the continuation bytes of UTF-8 and the byte that leads them.
                    while count > 0 {
                        count -= 1
                        if unsafe line[count] & 0xC0 != 0x80 { break }
                    }
                default:
                    if count == maxCount { throw .inputTooLong(limit: maxCount) }
                    unsafe line[count] = byte
                    count += 1
                }
            }
        }
    }

    private static func show(_ text: String, on fd: Int32) {
        var text = text
        text.withUTF8 { utf8 in
            var rest = unsafe utf8[...]
            while unsafe !rest.isEmpty {
                let n = unsafe write(fd, UnsafeBufferPointer(rebasing: rest).baseAddress, rest.count)
                if n < 0, errno == EINTR { continue }
                if n <= 0 { return }
                unsafe rest = rest.dropFirst(n)
            }
        }
    }
}
