import OrakeyKey
import StrictJSON

/// Reads `consumers:`.
enum ReadConsumers {
    private static let mostConsumers = 1000
    private static let longestName = 64
    private static let highestRate = 1_000_000

    static func all(_ value: Value, networks: [NetworkName]) -> [ConsumerSection] {
        let items = value.list()
        guard items.count <= mostConsumers else {
            value.report(.invalid, "has \(items.count) consumers; \(mostConsumers) are the most")
            return []
        }
        var consumers: [ConsumerSection] = []
        for item in items {
            guard let consumer = one(item, networks: networks) else { continue }
            if consumers.contains(where: { $0.name == consumer.name && $0.network == consumer.network }) {
                item.report(.duplicate, "\(consumer.name) on \(consumer.network) stands there already")
            }
            consumers.append(consumer)
        }
        return consumers
    }

    private static func one(_ value: Value, networks: [NetworkName]) -> ConsumerSection? {
        guard var reader = value.mapping() else { return nil }
        let name = name(reader.required("name", "what to call the consumer"))
        let network = network(&reader, networks)
        let match = match(reader.required("match", "which processes may have this key, { uid: ... }"))
        let rotateEvery = reader.optional("rotate_every")?.duration(in: .seconds(1) ... .seconds(86400 * 3660))
        let grace = reader.optional("grace")?.duration(in: .zero...ConsumerSection.longestGrace)
        let rateLimit = reader.optional("rate_limit").flatMap(rateLimit)
        reader.finish()
        if let grace, let rotateEvery, grace >= rotateEvery {
            reader.report(
                .contradiction, at: "grace", "is not shorter than rotate_every, so that old keys would pile up")
        }
        guard let name, let network, let match else { return nil }
        let usual = rotateEvery.map { min(ConsumerSection.defaultGrace, $0 / 2) } ?? ConsumerSection.defaultGrace
        return ConsumerSection(
            name: name, network: network, match: match, rotateEvery: rotateEvery, grace: grace ?? usual,
            rateLimit: rateLimit)
    }

    private static func rateLimit(_ value: Value) -> RateLimit? {
        guard var reader = value.mapping() else { return nil }
        let rate = reader.required("per_second", "how often a second the key may be asked for")?
            .integer(in: 1...highestRate)
        let burst = reader.optional("burst")?.integer(in: 1...highestRate)
        reader.finish()
        return rate.map { RateLimit(perSecond: $0, burst: burst ?? $0) }
    }

    private static func name(_ value: Value?) -> String? {
        guard let value, let name = value.text() else { return nil }
        let fits = name.utf8.count <= longestName && name.utf8.allSatisfy(isNameByte)
        guard fits else {
            value.report(.invalid, "a consumer's name is 1 to \(longestName) of A-Z a-z 0-9 . _ -")
            return nil
        }
        return name
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            return true
        default:
            return false
        }
    }

    /// The consumer's network; with one network it need not be written.
    private static func network(_ reader: inout MappingReader, _ networks: [NetworkName]) -> NetworkName? {
        if !reader.has("network"), networks.count == 1 {
            _ = reader.optional("network")
            return networks[0]
        }
        guard let value = reader.required("network", "with several networks a consumer has to name its own") else {
            return nil
        }
        guard let name = value.parsed({ try NetworkName($0) }) else { return nil }
        guard networks.contains(name) else {
            let nearest = NearestName.of(name.description, among: networks.map(\.description))
            value.report(
                .invalid, "there is no network \(name)" + (nearest.map { "; did you mean \($0)?" } ?? " under networks")
            )
            return nil
        }
        return name
    }

    private static func match(_ value: Value?) -> PeerMatch? {
        guard let value, var reader = value.mapping() else { return nil }
        let users = reader.optional("uid")?.listOrSingle().compactMap { $0.user() } ?? []
        let groups = reader.optional("gid")?.listOrSingle().compactMap { $0.group() } ?? []
        let executables = reader.optional("exe")?.listOrSingle().compactMap(executable) ?? []
        let units = reader.optional("unit")?.listOrSingle().compactMap(unit) ?? []
        let parts = ["uid", "gid", "exe", "unit"]
        if !parts.contains(where: reader.has) {
            value.report(.missing, "names nobody; give at least one of \(parts.joined(separator: ", "))")
        }
        for part in parts {
            if let list = reader.optional(part), list.isEmptyList {
                list.report(.missing, "is an empty list, which would match everybody")
            }
        }
        reader.finish()
        return PeerMatch(users: users, groups: groups, executables: executables, units: units)
    }

    private static func executable(_ value: Value) -> String? {
        guard let path = value.text() else { return nil }
        guard path.hasPrefix("/"), !path.hasSuffix("/") else {
            value.report(.invalid, "an executable is named by its path from /")
            return nil
        }
        // The kernel tells none of these: such a rule would match nobody.
        if let part = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).first(where: {
            ["", ".", ".."].contains($0)
        }) {
            value.report(.invalid, "an executable's path has no \(part.isEmpty ? "//" : "/\(part)/") in it")
            return nil
        }
        return path
    }

    private static func unit(_ value: Value) -> String? {
        guard let name = value.text() else { return nil }
        let suffixes = [".service", ".scope", ".slice"]
        guard !name.contains("/"), suffixes.contains(where: { name.hasSuffix($0) && name.count > $0.count }) else {
            value.report(.invalid, "a unit is named in full, as chatbot.service")
            return nil
        }
        guard name.utf8.allSatisfy({ isNameByte($0) || ":@\\".utf8.contains($0) }) else {
            value.report(.invalid, "a unit's name has A-Z a-z 0-9 . _ - : @ \\ in it; patterns are not known here")
            return nil
        }
        return name
    }
}
