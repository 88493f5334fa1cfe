import Foundation

/// A program that runs beside a test and ends with it.
final class ChildProcess: Sendable {
    private let process: Process
    private let input: Pipe

    private init(process: Process, input: Pipe) {
        self.process = process
        self.input = input
    }

    /// Starts a program and returns at the first line of its output that begins with `prefix`. Throws when it ends
    /// before.
    static func start(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], until prefix: String
    ) async throws -> (child: ChildProcess, line: String) {
        let process = Process()
        let output = Pipe()
        let input = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = input
        try process.run()
        let child = ChildProcess(process: process, input: input)
        let file = output.fileHandleForReading
        // Reading blocks: not on a thread on which tasks run.
        let line = await withCheckedContinuation { (continuation: CheckedContinuation<String?, Never>) in
            Thread.detachNewThread {
                var text = ""
                while true {
                    let piece = file.availableData
                    if piece.isEmpty { return continuation.resume(returning: nil) }
                    text += String(decoding: piece, as: UTF8.self)
                    let lines = text.components(separatedBy: "\n").dropLast()
                    if let line = lines.first(where: { $0.hasPrefix(prefix) }) {
                        return continuation.resume(returning: line)
                    }
                }
            }
        }
        guard let line else { throw EndedEarly(program: program) }
        return (child, line)
    }

    struct EndedEarly: Error { let program: String }

    /// Runs a program to its end; its exit status.
    static func run(_ program: String, _ arguments: [String]) async throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        return try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
    }

    func stop() {
        guard process.isRunning else { return }
        // SIGTERM is blocked in a child of a thread on which tasks run.
        kill(process.processIdentifier, SIGKILL)
    }

    deinit { stop() }
}
