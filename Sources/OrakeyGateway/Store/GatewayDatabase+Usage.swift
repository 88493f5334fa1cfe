import EthereumCore
import GRDB
import OrakeyKey
import StrictJSON

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What owners have used, a row for each day, network, owner and model.
extension GatewayDatabase {
    private static let columns = [
        "requests", "failures", "prompt_tokens", "completion_tokens", "bytes_in", "bytes_out", "milliseconds",
    ]

    /// Adds counts to a day.
    ///
    /// - Parameter day: as `2026-11-28`.
    func add(_ counts: [UsageKey: UsageCount], day: String) throws {
        guard !counts.isEmpty else { return }
        try queue.write { db in
            let sums = Self.columns.map { "\($0) = \($0) + excluded.\($0)" }.joined(separator: ", ")
            let statement = try db.cachedStatement(
                sql: """
                    INSERT INTO usage (day, network, owner, model, \(Self.columns.joined(separator: ", ")))
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET \(sums)
                    """)
            for (key, count) in counts {
                try statement.execute(
                    arguments: [
                        day, key.network.description, Data(key.owner.bytes), key.model, Int64(clamping: count.requests),
                        Int64(clamping: count.failures), Int64(clamping: count.promptTokens),
                        Int64(clamping: count.completionTokens), Int64(clamping: count.bytesIn),
                        Int64(clamping: count.bytesOut), Int64(clamping: count.milliseconds),
                    ])
            }
        }
    }

    /// A day's rows: `{"usage":[{"day","network","owner","model","requests",...}]}`.
    func usage(day: String) throws -> JSON {
        try queue.read { db in
            let rows = try Row.fetchCursor(
                db, sql: "SELECT * FROM usage WHERE day = ? ORDER BY network, owner, model", arguments: [day])
            var found: [JSON] = []
            while let row = try rows.next() {
                let owner: Data = row["owner"]
                var object: JSONObject = [
                    "day": .string(day), "network": .string(row["network"]),
                    "owner": .string(try Address(bytes: owner).description), "model": .string(row["model"]),
                ]
                for column in Self.columns { object[column] = .integer(row[column] as Int64) }
                found.append(.object(object))
            }
            return ["usage": .array(found)]
        }
    }
}
