import Glibc
import OrakeyConfig
import Testing

/// Reading from the file system.
@Suite final class ConfigurationFileTests {
    private let folder: String

    init() throws {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/orakey-config-XXXXXX".utf8CString)
        folder = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    deinit {
        for name in ["c.yaml", "fifo"] { unlink("\(folder)/\(name)") }
        rmdir(folder)
    }

    private func write(_ bytes: [UInt8], mode: mode_t = 0o600) throws -> String {
        let path = "\(folder)/c.yaml"
        let file = try #require(fopen(path, "w"))
        #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
        fclose(file)
        #expect(chmod(path, mode) == 0)
        return path
    }

    private func problem(_ path: String) -> ConfigurationError.Problem? {
        do {
            _ = try Configuration.load(path: path)
            return nil
        } catch {
            return error.problems.first
        }
    }

    @Test func aFileIsReadAndItsFolderIsWhereRelativePathsBegin() throws {
        let path = try write(Array(oneNetwork().utf8), mode: 0o644)
        #expect(try Configuration.load(path: path).wallet.keystore == "\(folder)/wallet.json")
    }

    @Test func aMissingFile() {
        #expect(problem("\(folder)/none.yaml")?.code == .unreadable)
        #expect(problem("\(folder)/none.yaml")?.message.contains("No such file") == true)
    }

    @Test func aRelativePathIsMadeAbsolute() {
        #expect(problem("./no-such.yaml")?.file.hasPrefix("/") == true)
        #expect(problem("no-such.yaml")?.file.hasSuffix("/no-such.yaml") == true)
    }

    @Test func aFileThatEverybodyMayWrite() throws {
        let path = try write(Array(oneNetwork().utf8), mode: 0o646)
        #expect(problem(path)?.message == "may be written by everybody; run chmod o-w on it")
    }

    @Test func folderAndPipe() {
        #expect(problem(folder)?.message == "is not a regular file")
        #expect(mkfifo("\(folder)/fifo", 0o600) == 0)
        #expect(problem("\(folder)/fifo")?.message == "is not a regular file")
    }

    @Test func bytesThatAreNoText() throws {
        #expect(problem(try write([0x61, 0xff, 0xfe]))?.message == "is not UTF-8 text")
        #expect(problem(try write([0x61, 0x3a, 0x20, 0x00]))?.code == .syntax)
    }

    @Test func aHugeFileIsNotReadToItsEnd() throws {
        let path = try write(Array(repeating: 0x23, count: 1 << 20))
        #expect(problem(path)?.code == .unreadable)
    }

    @Test func theHostsOwnUsers() {
        #expect(UserDatabase.system.userID("root") == 0)
        #expect(UserDatabase.system.groupID("root") == 0)
        #expect(UserDatabase.system.userID("no such user") == nil)
    }
}
