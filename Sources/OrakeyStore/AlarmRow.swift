import GRDB
import OrakeyCore
import OrakeyKey

/// Alarms that are remembered.
enum AlarmRow {
    /// What befell the journal befell all networks. No network has this name.
    private static let everyNetwork = ""

    /// Notes in a new journal that it takes the place of a damaged one.
    static func saveDamage(_ path: String, _ evidence: String, in db: Database) throws {
        let message =
            "\(path) was damaged and is now \(evidence); keys come back from the chain as recovered: adopt or revoke them"
        try db.execute(
            sql: "INSERT INTO alarm (network, code, message, since) VALUES (?, ?, ?, ?)",
            arguments: [
                everyNetwork, Alarm.Code.journalCorrupt.rawValue, message, SystemWallClock().now.milliseconds,
            ])
    }

    static func save(_ alarm: Alarm, of network: NetworkName, in db: Database) throws {
        try db.execute(
            sql: "INSERT OR REPLACE INTO alarm (network, code, message, since) VALUES (?, ?, ?, ?)",
            arguments: [network.description, alarm.code.rawValue, alarm.message, alarm.since.milliseconds])
    }

    static func delete(_ code: Alarm.Code, of network: NetworkName, in db: Database) throws {
        try db.execute(
            sql: "DELETE FROM alarm WHERE network IN (?, ?) AND code = ?",
            arguments: [network.description, everyNetwork, code.rawValue])
    }

    static func all(of network: NetworkName, in db: Database) throws -> [Alarm] {
        try Row.fetchAll(
            db, sql: "SELECT * FROM alarm WHERE network IN (?, ?)", arguments: [network.description, everyNetwork]
        ).map { row in
            guard let code = Alarm.Code(rawValue: try row.text("code")) else {
                throw StoreError.badRow("an alarm's code")
            }
            return Alarm(
                code: code, message: try row.text("message"),
                since: Timestamp(milliseconds: try row.integer("since")))
        }
    }
}
