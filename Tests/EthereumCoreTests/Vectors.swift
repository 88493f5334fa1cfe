import Foundation
import StrictJSON
import Testing

/// The folder of public vectors beside the package, or in ORAKEY_VECTORS.
enum Vectors {
    static let folder: URL? = {
        if let path = ProcessInfo.processInfo.environment["ORAKEY_VECTORS"] { return URL(fileURLWithPath: path) }
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let folder = root.appendingPathComponent("../shared/vectors").standardizedFileURL
        guard FileManager.default.fileExists(atPath: folder.path) else {
            print("SKIPPED: no test vectors at \(folder.path); set ORAKEY_VECTORS")
            return nil
        }
        return folder
    }()

    /// For `.enabled(if:)` on tests that read vectors.
    static var arePresent: Bool { folder != nil }

    static func bytes(_ name: String) throws -> [UInt8] {
        let file = try #require(folder).appendingPathComponent(name)
        return name.hasSuffix(".gz") ? try gunzip(file) : [UInt8](try Data(contentsOf: file))
    }

    static func json(_ name: String) throws -> JSON { try JSON.parse(try bytes(name)) }

    static func files(under name: String) throws -> [String] {
        let start = try #require(folder).appendingPathComponent(name)
        let found = try #require(FileManager.default.enumerator(atPath: start.path))
        return found.compactMap { $0 as? String }.filter { $0.hasSuffix(".json") }.sorted().map { "\(name)/\($0)" }
    }

    private static func gunzip(_ file: URL) throws -> [UInt8] {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/gzip")
        process.arguments = ["-dc", file.path]
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return [UInt8](data)
    }
}
