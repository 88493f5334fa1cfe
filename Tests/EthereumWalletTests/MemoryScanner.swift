import Foundation
import Testing

/// Looks for bytes in the whole memory of this process, through `/proc/self/mem` and `/proc/self/maps`.
///
/// What is searched for lies in the scanner's own pages, which it leaves out, so that a hit is a copy somewhere else.
final class MemoryScanner {
    private static let chunk = 1 << 20
    private static let overlap = 4096
    private let pages: UnsafeMutableRawPointer
    private let size = MemoryScanner.chunk + MemoryScanner.overlap
    private var needleCount = 0
    private let memory: Int32

    init() throws {
        let mapped = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        pages = try #require(mapped != MAP_FAILED ? mapped : nil)
        memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC)
        try #require(memory >= 0)
    }

    deinit {
        munmap(pages, size)
        close(memory)
    }

    /// What to look for from now on: at least 8 bytes, at most a page. Copied without a stop in other memory.
    func seek(_ bytes: UnsafeRawBufferPointer) {
        precondition((8...Self.overlap).contains(bytes.count))
        (pages + Self.chunk).copyMemory(from: bytes.baseAddress!, byteCount: bytes.count)
        needleCount = bytes.count
    }

    /// Addresses of every copy.
    func copies() throws -> [String] {
        var found: [String] = []
        let maps = String(decoding: try ProcessFile.read("/proc/self/maps"), as: UTF8.self)
        try #require(maps.contains("[stack]"))
        for line in maps.split(separator: "\n") {
            let fields = line.split(separator: " ")
            let ends = fields[0].split(separator: "-").compactMap { UInt(String($0), radix: 16) }
            guard ends.count == 2, fields[1].hasPrefix("r"), !line.hasSuffix("[vvar]") else { continue }
            var address = ends[0]
            while address < ends[1] {
                let want = min(UInt(Self.chunk), ends[1] - address)
                let mine = UInt(bitPattern: pages)
                if address + want > mine, address < mine + UInt(size) {
                    // Around the scanner's own pages, page by page.
                    if address < mine { try scan(address, mine - address, line, &found) }
                    address = max(address, mine + UInt(size))
                    continue
                }
                try scan(address, want, line, &found)
                address += want < UInt(Self.chunk) ? want : want - UInt(Self.overlap)
            }
        }
        memset(pages, 0, Self.chunk)
        return found
    }

    private func scan(_ address: UInt, _ count: UInt, _ line: Substring, _ found: inout [String]) throws {
        let n = pread(memory, pages, Int(count), off_t(address))
        guard n > 0 else { return }
        // Look for one byte that is not zero first, since most memory is.
        let needle = pages + Self.chunk
        let anchor = (0..<needleCount).first { needle.load(fromByteOffset: $0, as: UInt8.self) != 0 } ?? 0
        let byte = Int32(needle.load(fromByteOffset: anchor, as: UInt8.self))
        var start = anchor
        while start < n, let hit = memchr(pages + start, byte, n - start) {
            let place = pages.distance(to: hit)
            start = place + 1
            guard place - anchor + needleCount <= n else { return }
            if memcmp(pages + place - anchor, needle, needleCount) == 0 {
                found.append("\(String(address + UInt(place - anchor), radix: 16)) in \(line)")
            }
        }
    }
}

/// One line of `/proc/self/smaps` with the flags that belong to it.
struct Mapping {
    let range: Range<UInt>
    let rights: String
    var flags: [String] = []

    static func all() throws -> [Mapping] {
        var mappings: [Mapping] = []
        for line in String(decoding: try ProcessFile.read("/proc/self/smaps"), as: UTF8.self).split(separator: "\n") {
            let fields = line.split(separator: " ").map { String($0) }
            let ends = fields[0].split(separator: "-").compactMap { UInt(String($0), radix: 16) }
            if ends.count == 2, ends[0] < ends[1] {
                mappings.append(Mapping(range: ends[0]..<ends[1], rights: fields[1]))
            } else if fields[0] == "VmFlags:", !mappings.isEmpty {
                mappings[mappings.count - 1].flags = Array(fields.dropFirst())
            }
        }
        return mappings
    }
}

/// Files of `/proc` have no size that Foundation could go by.
enum ProcessFile {
    static func read(_ path: String) throws -> [UInt8] {
        let fd = open(path, O_RDONLY | O_CLOEXEC)
        try #require(fd >= 0)
        defer { close(fd) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let n = Foundation.read(fd, &chunk, chunk.count)
            if n <= 0 { return bytes }
            bytes += chunk[..<n]
        }
    }
}
