public import OrakeyHost

extension StateDirectory {
    /// Where the journal's database is.
    public var journalPath: String { path + "/journal.sqlite" }
}
