public import OrakeyHost

extension StateDirectory {
    /// Where the journal's database is.
    public var journalPath: String { Self.journalPath(in: path) }

    /// Where the database is in a state directory.
    public static func journalPath(in path: String) -> String { path + "/journal.sqlite" }
}
