/// Where systemd has put a process: the path of its control group, systemd.unit(5) and cgroups(7).
///
/// Only names that systemd itself gives out count. Below a service that was given its subtree (`Delegate=`, and above
/// all below a user's own manager) anyone may call a group `chatbot.service`; such a name says nothing.
package struct ControlGroup: Equatable {
    /// The slices from the root down to the unit.
    package let slices: [String]
    /// The service or scope of the system's manager.
    package let unit: String?
    /// The user whose own manager the process is under, with the slices and the unit that this manager gives it.
    package let user: (id: UInt32, units: [String])?

    /// Reads `/proc/PID/cgroup`: the line of the unified hierarchy.
    package init(file: String) {
        let line = file.split(separator: "\n").first { $0.hasPrefix("0::/") }
        self.init(path: line.map { String($0.dropFirst(3)) } ?? "/")
    }

    package init(path: String) {
        var parts = path.split(separator: "/").map(String.init)[...]
        // Outside of this process's view of the hierarchy: its names are another's.
        guard !parts.contains("..") else {
            (slices, unit, user) = ([], nil, nil)
            return
        }
        (slices, unit) = Self.take(&parts)
        guard let unit, unit.hasPrefix("user@"), unit.hasSuffix(".service"),
            let id = UInt32(unit.dropFirst(5).dropLast(8))
        else {
            user = nil
            return
        }
        let own = Self.take(&parts)
        user = (id, own.slices + (own.unit.map { [$0] } ?? []))
    }

    /// Slices, then one unit. Anything else ends the names that count.
    private static func take(_ parts: inout ArraySlice<String>) -> (slices: [String], unit: String?) {
        var slices: [String] = []
        while let part = parts.first {
            if isName(part, ".slice") {
                slices.append(part)
                parts = parts.dropFirst()
            } else if isName(part, ".service") || isName(part, ".scope") {
                parts = parts.dropFirst()
                return (slices, part)
            } else {
                break
            }
        }
        return (slices, nil)
    }

    private static func isName(_ part: String, _ suffix: String) -> Bool {
        part.hasSuffix(suffix) && part.utf8.count > suffix.utf8.count
    }

    /// The names that a rule may match. Those of a user's manager count for a service of that user only, where they
    /// are no boundary but a help to tell one's own programs apart.
    package func units(forServiceOf serviceUser: UInt32) -> [String] {
        var names = slices + (unit.map { [$0] } ?? [])
        if let user, user.id == serviceUser, serviceUser != 0 { names += user.units }
        return names
    }

    package static func == (a: ControlGroup, b: ControlGroup) -> Bool {
        a.slices == b.slices && a.unit == b.unit && a.user?.id == b.user?.id && a.user?.units == b.user?.units
    }
}
