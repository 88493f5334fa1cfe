import Glibc

/// The same work by eth-account, from the Python environment of the tests.
enum PythonPeer {
    /// Microseconds for a key; nil when the environment has not been made.
    static func derivation() -> Double? {
        let bench = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let command = "'/\(bench)/../../../.venv-tests/bin/python' '/\(bench)/eth_account_peer.py' 2>/dev/null"
        guard let pipe = popen(command, "r") else { return nil }
        defer { pclose(pipe) }
        var line = [CChar](repeating: 0, count: 100)
        guard fgets(&line, 100, pipe) != nil else { return nil }
        return Double(String(decoding: line.prefix { $0 > 32 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
}
