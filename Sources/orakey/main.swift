// The small front of the command line. `orakey get` runs before every job of a consumer, so it is answered here, by a
// program that loads no OpenSSL, no libcurl and no SQLite; everything else is the business of orakey-cli.

import CLinuxShims
import Glibc
import OrakeyClient

let arguments = CommandLine.arguments.dropFirst()
if arguments.first == "get", let command = GetCommand(arguments: arguments.dropFirst()) {
    // A key passes through this process: no core file may show it, and no other process may look.
    _ = orakey_no_crash_reports()
    _ = orakey_no_core_dumps()
    _ = orakey_set_undumpable()
    exit(command.run().rawValue)
}
exit(handOver())

/// Becomes orakey-cli: beside this program, else in the libexec folder of its installation.
func handOver() -> Int32 {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = readlink("/proc/self/exe", &path, path.count - 1)
    guard length > 0 else { return fail("cannot find the folder of orakey: \(String(cString: strerror(errno)))") }
    let program = String(decoding: path[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let folder = program.prefix(upTo: program.lastIndex(of: "/") ?? program.startIndex)
    for candidate in ["\(folder)/orakey-cli", "\(folder)/../libexec/orakeyd/orakey-cli"] {
        // Comes back only on failure.
        execv(candidate, CommandLine.unsafeArgv)
        guard errno == ENOENT || errno == ENOTDIR else {
            return fail("cannot run \(candidate): \(String(cString: strerror(errno)))")
        }
    }
    return fail("orakey-cli is missing in \(folder); install orakeyd again")
}

func fail(_ message: String) -> Int32 {
    Console.complain(message)
    return ExitStatus.software.rawValue
}
