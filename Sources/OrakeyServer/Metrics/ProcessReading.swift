import CLinuxShims
import Glibc
import PrometheusText

/// What the kernel says of this process, under the names that Prometheus clients agree on.
struct ProcessReading {
    var cpuSeconds: Double?
    var residentBytes: Int?
    var virtualBytes: Int?
    var openFiles: Int?
    var mostFiles: UInt64?

    static var now: ProcessReading {
        var reading = ProcessReading()
        var usage = rusage()
        if unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
            reading.cpuSeconds = seconds(usage.ru_utime) + seconds(usage.ru_stime)
        }
        if let pages = memoryPages() {
            let size = Int(sysconf(Int32(_SC_PAGESIZE)))
            reading.virtualBytes = pages.total * size
            reading.residentBytes = pages.resident * size
        }
        reading.openFiles = countFiles()
        let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        if unsafe getrlimit(files, &limit) == 0 { reading.mostFiles = UInt64(limit.rlim_cur) }
        return reading
    }

    func write(to metrics: inout MetricsText) {
        metrics.single(
            "process_cpu_seconds_total", .counter, "User and system CPU time spent in seconds.", cpuSeconds)
        metrics.single("process_resident_memory_bytes", .gauge, "Resident memory size in bytes.", residentBytes)
        metrics.single("process_virtual_memory_bytes", .gauge, "Virtual memory size in bytes.", virtualBytes)
        metrics.single("process_open_fds", .gauge, "Number of open file descriptors.", openFiles)
        metrics.single("process_max_fds", .gauge, "Maximum number of open file descriptors.", mostFiles)
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000 }

    /// The first two numbers of `/proc/self/statm`.
    private static func memoryPages() -> (total: Int, resident: Int)? {
        let file = unsafe orakey_open("/proc/self/statm", O_RDONLY, 0)
        guard file >= 0 else { return nil }
        defer { close(file) }
        let text = unsafe withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer -> String? in
            let count = unsafe read(file, buffer.baseAddress, buffer.count)
            return count > 0 ? unsafe String(validating: buffer.prefix(count), as: UTF8.self) : nil
        }
        guard let numbers = text?.split(separator: " ").prefix(2).compactMap({ Int($0) }), numbers.count == 2 else {
            return nil
        }
        return (numbers[0], numbers[1])
    }

    private static func countFiles() -> Int? {
        guard let folder = unsafe opendir("/proc/self/fd") else { return nil }
        defer { unsafe closedir(folder) }
        var count = 0
        while unsafe readdir(folder) != nil { count += 1 }
        // Two names of folders, and the descriptor that reads them.
        return count - 3
    }
}
