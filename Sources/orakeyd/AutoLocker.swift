import Glibc
import OrakeyConfig
import OrakeyCore
import ServiceLifecycle

/// Locks the wallet when the configuration says so: looks once a second.
actor AutoLocker: ServiceLifecycle.Service {
    private var settings: LockSection
    private var lock: AutoLock?
    private let agent: KeyAgent
    private let activity: Activity
    private let clock: any WallClock

    init(_ settings: LockSection, agent: KeyAgent, activity: Activity, clock: any WallClock) {
        self.settings = settings
        self.agent = agent
        self.activity = activity
        self.clock = clock
    }

    /// Other settings from now on; the time since the last use begins anew.
    func configure(_ settings: LockSection) {
        self.settings = settings
        lock = nil
    }

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: .seconds(1))
                await self.look()
            }
        }
    }

    private func look() async {
        let wasUsed = activity.take()
        guard await !agent.isLocked else { return lock = nil }
        let now = clock.now
        let local = Self.localSeconds(now)
        var current = lock ?? AutoLock(settings, unlockedAt: now, localSeconds: local)
        let reason = current.look(at: now, localSeconds: local, wasUsed: wasUsed)
        lock = current
        if let reason { await agent.lock(reason: reason) }
    }

    private static func localSeconds(_ now: Timestamp) -> Int64 {
        var seconds = time_t(now.milliseconds / 1000)
        var parts = tm()
        // The zone may have been changed since the start.
        tzset()
        guard localtime_r(&seconds, &parts) != nil else { return Int64(seconds) }
        return Int64(seconds) + Int64(parts.tm_gmtoff)
    }
}
