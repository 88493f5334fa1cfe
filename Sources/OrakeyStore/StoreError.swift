public import OrakeyCore

/// Why the journal's database can't be used.
public enum StoreError: Error, Sendable, CustomStringConvertible {
    /// Written by a newer program.
    case newerSchema(path: String, found: Int, known: Int)
    /// To be read as it is, but of another version.
    case otherSchema(path: String, found: Int, known: Int)
    /// It can't be opened for reading.
    case unreadable(path: String, reason: String)
    /// Not a journal of this program.
    case foreignFile(path: String)
    /// SQLite says it is damaged.
    case corrupt(path: String)
    /// It can't be opened or written: the disk is full or fails.
    case unusable(path: String, reason: String)
    /// A row that no version of this program writes.
    case badRow(String)
    /// The rows belong to another account or deployment.
    case otherDeployment(network: String)

    public var description: String {
        switch self {
        case .newerSchema(let path, let found, let known):
            "\(path) has schema \(found), this program knows \(known): install the newer orakeyd again, or start with an empty state directory and run orakey recover"
        case .otherSchema(let path, let found, let known):
            "\(path) has schema \(found), this program reads \(known): use the orakey of the orakeyd that wrote it"
        case .unreadable(let path, let reason): "\(path) can't be read (\(reason))"
        case .foreignFile(let path): "\(path) is not a journal of orakeyd: choose another --state-dir"
        case .corrupt(let path):
            "\(path) is damaged: start orakeyd, which sets it aside and begins anew, or use an empty state directory"
        case .unusable(let path, let reason):
            "\(path) can't be opened for writing (\(reason)): look at the disk's free space and health, and at the folder's owner"
        case .badRow(let what): "the journal has a row this program can't read: \(what)"
        case .otherDeployment(let network):
            "the journal's rows for \(network) belong to another account, chain or contract: use another --state-dir or network name"
        }
    }
}

extension StoreError: JournalTrouble {
    public var alarm: Alarm.Code? {
        switch self {
        case .newerSchema: .journalNewer
        case .unusable: .journalFailed
        case .otherSchema, .unreadable, .foreignFile, .corrupt, .badRow, .otherDeployment: nil
        }
    }
}
