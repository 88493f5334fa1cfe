import EthereumCore
import GRDB
import OrakeyKey

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Bytes as SQLite keeps them, and back; a blob of the wrong length is a damaged row.
enum Data32 {
    static func bytes32(_ bytes: [UInt8]?) throws -> Bytes32? {
        guard let bytes else { return nil }
        return try Bytes32(bytes: bytes)
    }

    static func address(_ bytes: [UInt8]?) throws -> Address? {
        guard let bytes else { return nil }
        return try Address(bytes: bytes)
    }
}

extension Bytes32 {
    var blob: Data { Data(bytes) }
}

extension Address {
    var blob: Data { Data(bytes) }
}

extension [UInt8] {
    static func fetchBlob(_ db: Database, _ sql: String, _ arguments: StatementArguments) throws -> [UInt8]? {
        try Row.fetchOne(db, sql: sql, arguments: arguments).flatMap { row in
            let data: Data? = row[0]
            return data.map { [UInt8]($0) }
        }
    }
}

extension Row {
    func bytes(_ column: String) -> [UInt8]? {
        let data: Data? = self[column]
        return data.map { [UInt8]($0) }
    }

    func bytes32(_ column: String) throws -> Bytes32? { try Data32.bytes32(bytes(column)) }

    func requiredBytes32(_ column: String) throws -> Bytes32 {
        guard let value = try bytes32(column) else { throw StoreError.badRow("no \(column)") }
        return value
    }

    func text(_ column: String) throws -> String {
        guard let value: String = self[column] else { throw StoreError.badRow("no \(column)") }
        return value
    }

    func integer(_ column: String) throws -> Int64 {
        guard let value: Int64 = self[column] else { throw StoreError.badRow("no \(column)") }
        return value
    }

    /// An unsigned number; SQLite keeps its bits.
    func unsigned(_ column: String) -> UInt64? {
        let value: Int64? = self[column]
        return value.map { UInt64(bitPattern: $0) }
    }

    func wei(_ column: String) throws -> UInt256? {
        let value: String? = self[column]
        return try value.map { try UInt256(decimal: $0) }
    }

    func network(_ column: String) throws -> NetworkName { try NetworkName(try text(column)) }

    /// Messages one after the other in one column.
    func messages(_ column: String) throws -> [Bytes32] {
        let raw = bytes(column) ?? []
        guard raw.count % 32 == 0 else { throw StoreError.badRow("half a message in \(column)") }
        return try stride(from: 0, to: raw.count, by: 32).map { try Bytes32(bytes: raw[$0..<$0 + 32]) }
    }

    func identifiers(_ column: String) throws -> [Int64] {
        try text(column).split(separator: ",").map { part in
            guard let id = Int64(part) else { throw StoreError.badRow("a list of numbers with \"\(part)\" in it") }
            return id
        }
    }
}

extension [Int64] {
    /// Numbers in one column: "1,2,3".
    var list: String { map(String.init).joined(separator: ",") }
}
