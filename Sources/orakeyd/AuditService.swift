import OrakeyCore
import ServiceLifecycle

/// Writes once a second what was counted on the sockets.
struct AuditService: ServiceLifecycle.Service {
    let auditor: HandoutAuditor

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: .seconds(1))
                await auditor.turn()
            }
        }
    }
}
