import EthereumCore
import EthereumWallet
import Foundation
import StrictJSON
import Testing

/// The public test vectors at `../shared/vectors` beside the package, or where `ORAKEY_VECTORS` says.
enum Vectors {
    static let folder: String? = {
        let file = URL(filePath: #filePath).resolvingSymlinksInPath()
        let root = file.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let path =
            ProcessInfo.processInfo.environment["ORAKEY_VECTORS"]
            ?? root.deletingLastPathComponent().appending(path: "shared/vectors").path
        if FileManager.default.fileExists(atPath: path) { return path }
        print("SKIPPED: no test vectors at \(path); set ORAKEY_VECTORS to their folder")
        return nil
    }()

    static var missing: Bool { folder == nil }
    static let reason: Comment = "needs the public test vectors (ORAKEY_VECTORS)"

    static func json(_ name: String) throws -> JSON {
        let path = try #require(folder) + "/" + name
        guard name.hasSuffix(".gz") else { return try JSON.parse([UInt8](Data(contentsOf: URL(filePath: path)))) }
        let gzip = Process()
        let pipe = Pipe()
        gzip.executableURL = URL(filePath: "/bin/gzip")
        gzip.arguments = ["-dc", path]
        gzip.standardOutput = pipe
        try gzip.run()
        let data = try #require(try pipe.fileHandleForReading.readToEnd())
        gzip.waitUntilExit()
        return try JSON.parse([UInt8](data))
    }
}

extension JSON {
    func text(_ key: String) throws -> String { try #require(self[key]?.stringValue) }
    func bytes(_ key: String) throws -> [UInt8] { try Hex.decode(text(key), prefix: .optional) }
}

extension SecretBytes {
    /// Tests know their secrets.
    convenience init(_ text: String) { self.init(copying: Array(text.utf8)) }
    var array: [UInt8] { withUnsafeBytes { Array($0) } }
    var hex: String { Hex.encode(array) }
    var string: String { String(decoding: array, as: UTF8.self) }
}

/// A folder that goes when the value goes.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array((FileManager.default.temporaryDirectory.path + "/orakey-wallet-XXXXXX").utf8CString)
        path = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
