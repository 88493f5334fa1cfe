import Synchronization

/// The reverse proxy's role as it is now; a reload replaces it between two requests, and those in flight end as they began.
final class ServedModels: Sendable {
    private let service: Mutex<ModelService?>

    /// - Parameter service: nil where no backend is configured.
    init(_ service: ModelService?) { self.service = Mutex(service) }

    var current: ModelService? { service.withLock { $0 } }

    func replace(with service: ModelService?) { self.service.withLock { $0 = service } }
}
