import Glibc
import OrakeyConfig

/// Rules for consumers that no process can fit.
enum ConsumerCheckUp {
    static func findings(_ consumers: [ConsumerSection]) -> [Finding] {
        consumers.flatMap { consumer in
            consumer.match.executables.compactMap { finding($0, "consumer \(consumer.name)") }
        }
    }

    /// A process is known by the file that it runs, never by a link that leads there.
    private static func finding(_ path: String, _ subject: String) -> Finding? {
        guard let resolved = realpath(path, nil) else {
            return .warning(
                subject, "exe: \(path): \(String(cString: strerror(errno)))", mend: "correct the path, or install it")
        }
        defer { free(resolved) }
        let target = String(cString: resolved)
        guard target != path else { return nil }
        return .warning(
            subject, "exe: \(path) is not where the executable is, so no process fits", mend: "write exe: \(target)")
    }
}
