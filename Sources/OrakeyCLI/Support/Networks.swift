import OrakeyClient
import OrakeyConfig
import OrakeyKey

/// The networks of a configuration, as commands choose one.
enum Networks {
    static func named(_ name: NetworkName, in configuration: Configuration) throws -> NetworkSection {
        guard let network = configuration.network(name) else {
            let known = configuration.networks.map { "\($0.name)" }.joined(separator: ", ")
            throw Failure(.configuration, "\(configuration.file) has no network \(name); it has \(known)")
        }
        return network
    }

    /// The named network, else the only one.
    ///
    /// - Parameter optional: Whether a name that the configuration lacks, or none where it has several, is fine.
    static func choose(
        _ name: NetworkName?, in configuration: Configuration, optional: Bool = false
    ) throws -> NetworkSection? {
        if let name { return optional ? configuration.network(name) : try named(name, in: configuration) }
        if configuration.networks.count == 1 { return configuration.networks.first }
        if optional { return nil }
        let known = configuration.networks.map { "\($0.name)" }.joined(separator: ", ")
        throw Failure(.usage, "which network? name one with --network: \(known)")
    }
}
