import EthereumABI
import EthereumCore
import StrictJSON
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Bytes of hex text; spaces and line breaks are for the reader.
func hex(_ text: String) throws -> [UInt8] {
    try Hex.decode(text.filter { !$0.isWhitespace }, prefix: .optional)
}

/// Words written as short hex numbers, each padded to 32 bytes on the left.
func words(_ numbers: String...) throws -> [UInt8] {
    var bytes: [UInt8] = []
    for number in numbers {
        bytes += try hex(String(repeating: "0", count: 64 - number.utf8.count) + number)
    }
    return bytes
}

/// Text padded to whole words on the right.
func padded(_ text: String) -> [UInt8] {
    let bytes = Array(text.utf8)
    return bytes + [UInt8](repeating: 0, count: (32 - bytes.count % 32) % 32)
}

/// The code of the error that `body` throws; nil when it throws none.
func errorCode(_ body: () throws -> Void) -> ABIError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? ABIError)?.code
    }
}

/// The text of the error that `body` throws; empty when it throws none.
func errorText(_ body: () throws -> Void) -> String {
    do {
        try body()
        return ""
    } catch {
        return (error as? ABIError)?.description ?? "another error: \(error)"
    }
}

func fixedBytes(_ text: String) throws -> ABIValue { .fixedBytes(try ABIFixedBytes(hex(text))) }

func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
}

/// SplitMix64: small, good enough, and the same everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// A generator with the seed of `ORAKEY_SEED`, else a new one; the seed is printed so that a failure can be repeated.
    static func announced(_ purpose: String) -> SeededGenerator {
        let seed = environment("ORAKEY_SEED").flatMap { UInt64($0) } ?? UInt64.random(in: 0 ... .max)
        print("\(purpose): ORAKEY_SEED=\(seed)")
        return SeededGenerator(seed: seed)
    }
}

/// How many inputs a fuzz run takes: `ORAKEY_FUZZ`, else enough for an ordinary test run.
func fuzzCount(default count: Int) -> Int {
    environment("ORAKEY_FUZZ").flatMap { Int($0) } ?? count
}

/// The bytes of a file; nil when it cannot be read.
func contents(ofFile path: String) -> [UInt8]? {
    guard let file = fopen(path, "rb") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = fread(&buffer, 1, buffer.count, file)
        if count == 0 { return bytes }
        bytes += buffer[..<count]
    }
}

/// Writes a file; false when that fails.
func write(_ bytes: [UInt8], toFile path: String) -> Bool {
    guard let file = fopen(path, "wb") else { return false }
    let written = fwrite(bytes, 1, bytes.count, file)
    return fclose(file) == 0 && written == bytes.count
}

/// The folder of the public vectors: `ORAKEY_VECTORS`, else `../shared/vectors` beside the package.
func vectorsFolder() -> String? {
    if let folder = environment("ORAKEY_VECTORS") { return folder }
    guard let resolved = realpath(#filePath, nil) else { return nil }
    defer { free(resolved) }
    let parts = String(cString: resolved).split(separator: "/").dropLast(3)
    let folder = "/" + parts.dropLast().joined(separator: "/") + "/shared/vectors"
    return access(folder, R_OK) == 0 ? folder : nil
}
