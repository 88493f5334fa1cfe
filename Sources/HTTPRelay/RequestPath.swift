/// Paths that stay below their first segment, whoever takes them apart next.
public enum RequestPath {
    /// False where a reader of the path, however often it decodes, could leave the segment the path begins with.
    ///
    /// Some servers drop what follows a semicolon in a segment before they look at it.
    public static func staysBelow(_ path: Substring) -> Bool {
        let plain = path.lowercased().replacing("%2e", with: ".").replacing("%2f", with: "/")
            .replacing("%5c", with: "/").replacing("%3b", with: ";").replacing("\\", with: "/")
        return !plain.contains("%00") && !plain.contains("%25")
            && !plain.split(separator: "/").contains { [".", ".."].contains($0.prefix { $0 != ";" }) }
    }
}
