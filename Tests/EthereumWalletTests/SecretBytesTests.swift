import EthereumCore
import Foundation
import Synchronization
import Testing

@testable import EthereumWallet

@Suite struct SecretBytesTests {
    @Test func holdsWhatWasWritten() {
        for count in [0, 1, 31, 64, 65, 128, 300, 1024, 1025, 100_000] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let secret = SecretBytes(copying: bytes)
            #expect(secret.count == count)
            #expect(secret.array == bytes)
        }
    }

    @Test func freshMemoryIsZero() {
        for round in 0..<3 {
            for count in [1, 64, 100, 512, 4000] {
                SecretBytes(count: count) { buffer in
                    #expect(buffer.allSatisfy { $0 == 0 }, "round \(round)")
                    buffer.copyBytes(from: repeatElement(0xEE, count: count))
                }.withUnsafeBytes { #expect($0.allSatisfy { $0 == 0xEE }) }
            }
        }
    }

    @Test func equality() {
        let a = SecretBytes("passphrase")
        #expect(a == SecretBytes("passphrase"))
        #expect(a != SecretBytes("passphrasf"))
        #expect(a != SecretBytes("Passphrase"))
        #expect(a != SecretBytes("passphras"))
        #expect(SecretBytes("") == SecretBytes(""))
        #expect(SecretBytes.random(count: 32) != SecretBytes.random(count: 32))
    }

    @Test func printsNothingInAnyForm() {
        struct Holder { let secret: SecretBytes }
        let secret = SecretBytes("open sesame")
        var dumped = ""
        dump(Holder(secret: secret), to: &dumped)
        let texts = [
            "\(secret)", String(describing: secret), String(reflecting: secret), "\(Holder(secret: secret))",
            String(reflecting: Holder(secret: secret)), dumped, "\(Optional(secret) as Any)", "\([secret])",
        ]
        for text in texts {
            #expect(text.contains("<secret>"))
            #expect(!text.contains("sesame") && !text.contains("0x"))
        }
        #expect(Mirror(reflecting: secret).children.isEmpty)
    }

    @Test func slotsAreReusedAndGivenBack() {
        // Many more than one slab of each size, freed in another order than they were taken.
        for size in [10, 64, 200, 300, 1000] {
            var secrets = (0..<2000).map { i in
                SecretBytes(copying: Array(repeating: UInt8(truncatingIfNeeded: i), count: size))
            }
            secrets.shuffle()
            for secret in secrets { #expect(secret.array.allSatisfy { $0 == secret.array[0] }) }
            while secrets.count > 3 { secrets.removeLast(secrets.count / 2) }
            let again = (0..<500).map {
                SecretBytes(copying: Array(repeating: UInt8(truncatingIfNeeded: $0), count: size))
            }
            #expect(
                again.enumerated().allSatisfy {
                    $1.array == Array(repeating: UInt8(truncatingIfNeeded: $0), count: size)
                })
        }
    }

    @Test func manyThreads() async {
        await withTaskGroup(of: Bool.self) { group in
            for seed in 0..<8 {
                group.addTask {
                    var kept: [SecretBytes] = []
                    for i in 0..<2000 {
                        let value = UInt8(truncatingIfNeeded: seed * 31 + i)
                        kept.append(SecretBytes(copying: Array(repeating: value, count: 1 + i % 600)))
                        if kept.count > 50 { kept.remove(at: i % 50) }
                        if let last = kept.last, !last.array.allSatisfy({ $0 == value }) { return false }
                    }
                    return true
                }
            }
            for await good in group { #expect(good) }
        }
    }

    @Test func memoryOfAFailedFillIsWiped() throws {
        struct Stop: Error {}
        let scanner = try MemoryScanner()
        let pattern = SecretBytes.random(count: 32)
        pattern.withUnsafeBytes { scanner.seek($0) }
        let before = try scanner.copies().count
        #expect(throws: Stop.self) {
            try SecretBytes(count: 32) { buffer throws(Stop) in
                pattern.withUnsafeBytes { buffer.copyMemory(from: $0) }
                throw Stop()
            }
        }
        #expect(try scanner.copies().count == before)
    }

    @Test(arguments: [
        ("secret", "secret"), ("secret\n", "secret"), ("secret\r\n", "secret"), ("secret\n\n", "secret\n"), ("", ""),
        ("\n", ""),
        (" secret ", " secret "),
    ])
    func readsFromDescriptors(input: String, expected: String) throws {
        #expect(try read(input, limit: 10).string == expected)
    }

    @Test func readsNoMoreThanAllowed() throws {
        #expect(try read("0123456789", limit: 10).count == 10)
        #expect(try read("0123456789\r\n", limit: 10).count == 10)
        #expect(throws: WalletError.inputTooLong(limit: 10)) { try read("0123456789a", limit: 10) }
        #expect(throws: WalletError.inputTooLong(limit: 10)) {
            try read(String(repeating: "x", count: 9000), limit: 10)
        }
        #expect(throws: WalletError.unreadable(path: "file descriptor -1", errno: EBADF)) {
            try SecretBytes.read(fileDescriptor: -1, maxCount: 10)
        }
    }

    private func read(_ input: String, limit: Int) throws -> SecretBytes {
        let pipe = Pipe()
        try pipe.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try pipe.fileHandleForWriting.close()
        return try SecretBytes.read(fileDescriptor: pipe.fileHandleForReading.fileDescriptor, maxCount: limit)
    }

    @Test func passphraseFilesMustBePrivate() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/passphrase"
        try Data("hunter2\n".utf8).write(to: URL(filePath: path))
        chmod(path, 0o400)
        #expect(try SecretBytes.read(privateFile: path, maxCount: 100).string == "hunter2")
        chmod(path, 0o440)
        #expect(throws: WalletError.tooOpen(path: path, mode: 0o440)) {
            try SecretBytes.read(privateFile: path, maxCount: 100)
        }
    }
}

/// Prompts, on a pseudo-terminal.
@Suite struct TerminalTests {
    @Test(arguments: [
        ("secret\r", "secret"), ("secret\n", "secret"), ("wrong\u{15}secret\n", "secret"),
        ("sek\u{7F}cret\n", "secret"),
        ("é\u{08}x\n", "x"), ("\u{7F}\u{7F}a\n", "a"), ("ab\u{04}", "ab"), ("\n", ""),
    ])
    func linesAreEdited(typed: String, expected: String) throws {
        let (line, shown) = try type(typed)
        #expect(try line.get().string == expected)
        #expect(shown == "Passphrase for wallet.json: ")
    }

    @Test(arguments: ["\u{03}", "abc\u{03}", "\u{04}"])
    func givingUp(typed: String) throws {
        #expect(throws: WalletError.cancelled) { try type(typed).0.get() }
    }

    @Test func tooLong() throws {
        #expect(throws: WalletError.inputTooLong(limit: 20)) {
            try type(String(repeating: "x", count: 21) + "\n").0.get()
        }
        #expect(throws: WalletError.noTerminal) {
            try SecretBytes.readLine(terminal: Pipe().fileHandleForReading.fileDescriptor, prompt: "", maxCount: 20)
        }
    }

    /// Types `text` once the prompt has been shown; returns the line and what the terminal showed until then.
    private func type(_ text: String) throws -> (Result<SecretBytes, WalletError>, String) {
        let master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        defer { close(master) }
        // TIOCSPTLCK and TIOCGPTN: unlock the other end and ask for its number.
        var locked: Int32 = 0
        var number: Int32 = -1
        let ready = ioctl(master, 0x4004_5431, &locked) == 0 && ioctl(master, 0x8004_5430, &number) == 0
        try #require(ready)
        let slave = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
        defer { close(slave) }
        var before = termios()
        let status = tcgetattr(slave, &before)
        try #require(status == 0)
        let prompt = "Passphrase for wallet.json: "
        let shown = Mutex("")
        let typist = Thread {
            var bytes: [UInt8] = []
            while bytes.count < prompt.utf8.count {
                var chunk = [UInt8](repeating: 0, count: 256)
                let n = read(master, &chunk, chunk.count)
                if n <= 0 { break }
                bytes += chunk[..<n]
            }
            shown.withLock { $0 = String(decoding: bytes, as: UTF8.self) }
            let typed = Array(text.utf8)
            _ = write(master, typed, typed.count)
        }
        typist.start()
        let result = Result { () throws(WalletError) in
            try SecretBytes.readLine(terminal: slave, prompt: prompt, maxCount: 20)
        }
        var after = termios()
        #expect(tcgetattr(slave, &after) == 0)
        #expect(after.c_lflag == before.c_lflag && after.c_iflag == before.c_iflag)
        return (result, shown.withLock { $0 })
    }
}
