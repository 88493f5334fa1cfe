/// `audit:`, the record of who was given which key.
public struct AuditSection: Equatable, Sendable {
    /// Whether hand-out stops while the audit can't be written.
    public var isRequired: Bool
    /// How many records are kept.
    public var keepRecords: Int64

    /// Settings of the audit; the defaults are those of a file without `audit:`.
    public init(isRequired: Bool = true, keepRecords: Int64 = 500_000) {
        self.isRequired = isRequired
        self.keepRecords = keepRecords
    }
}
