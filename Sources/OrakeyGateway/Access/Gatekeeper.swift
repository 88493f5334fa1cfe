public import EthereumCore
public import EthereumWallet
public import OrakeyKey
import Synchronization

/// A network as the gatekeeper knows it.
public struct GuardedNetwork: Sendable {
    /// The prefix of the network's keys.
    public var name: NetworkName
    /// The layout of its keys.
    public var layout: KeyLayout
    /// How its keys are signed.
    public var scheme: SigningScheme
    /// Whether its contract can have issued a message.
    public var accepts: @Sendable (Bytes32) -> Bool
    /// How old its view may be at first.
    public var viewLimits: ViewLimits

    public init(
        name: NetworkName, layout: KeyLayout, scheme: SigningScheme, viewLimits: ViewLimits,
        accepts: @escaping @Sendable (Bytes32) -> Bool
    ) {
        self.name = name
        self.layout = layout
        self.scheme = scheme
        self.viewLimits = viewLimits
        self.accepts = accepts
    }
}

/// Judges credentials, for every role and from any thread. Nothing is stored of a key but a keyed hash.
public final class Gatekeeper: Sendable {
    /// What a request is for.
    public enum Use: Sendable {
        /// A question of another server, which makes the request itself.
        case check
        /// A request that this process carries out, until ``Gatekeeper/finish(_:)``.
        case request
    }

    private struct State {
        var gate: Gate
        var cache: IdentityCache
        var granted = 0
        var refused: [String: Int] = [:]
    }

    public let networks: [GuardedNetwork]
    let tags = TagKey()
    private let clock: any GatewayClock
    private let state: Mutex<State>

    /// - Parameter cachedKeys: for how many keys the signer is remembered.
    public init(
        networks: [GuardedNetwork], policies: OwnerPolicies, cachedKeys: Int,
        clock: any GatewayClock = SystemGatewayClock()
    ) {
        self.networks = networks
        self.clock = clock
        state = Mutex(
            State(
                gate: Gate(policies: policies, viewLimits: networks.map(\.viewLimits)),
                cache: IdentityCache(capacity: cachedKeys)))
    }

    /// Judges the value of one `Authorization` header; nil where there was none, or more than one.
    public func authorise(_ authorization: UnsafeRawBufferPointer?, for use: Use) -> Verdict {
        guard let key = unsafe authorization.flatMap({ unsafe BearerToken.read($0) }) else {
            return refuse(.noCredentials)
        }
        let tag = unsafe tags.tag(of: key)
        if let verdict = state.withLock({ state in
            state.cache[tag].map { identity in admit(identity, for: use, &state) }
        }) {
            return verdict
        }
        // Recovering the signer takes as long as everything else together fifty times: not under the lock.
        let identity: VerifiedIdentity
        do throws(Refusal) {
            identity = try unsafe verify(key)
        } catch {
            return refuse(error)
        }
        return state.withLock { state in
            // A key that the contract never issued would only push others out: anybody can make those up.
            if state.gate.table[identity.tag] != nil { state.cache.insert(identity, for: tag) }
            return admit(identity, for: use, &state)
        }
    }

    private func admit(_ identity: VerifiedIdentity, for use: Use, _ state: inout State) -> Verdict {
        let verdict = state.gate.admit(
            identity, isHeld: use == .request, now: clock.now, unixSeconds: clock.unixSeconds)
        switch verdict {
        case .granted: state.granted += 1
        case .refused(let refusal): state.refused["\(refusal.word)", default: 0] += 1
        }
        return verdict
    }

    private func refuse(_ refusal: Refusal) -> Verdict {
        state.withLock { $0.refused["\(refusal.word)", default: 0] += 1 }
        return .refused(refusal)
    }

    /// Whose key a text is. Says nothing of what the chain thinks of it.
    private func verify(_ text: UnsafeRawBufferPointer) throws(Refusal) -> VerifiedIdentity {
        let key: APIKey
        do throws(APIKeyError) {
            key = try unsafe APIKey(parsing: text)
        } catch {
            throw .malformed(error)
        }
        guard let index = networks.firstIndex(where: { $0.name == key.network }) else { throw .foreignNetwork }
        let network = networks[index]
        guard key.layout == network.layout else { throw .otherLayout }
        guard network.accepts(key.message) else { throw .foreignDeployment }
        let owner: Address
        do throws(APIKeyError) {
            owner = try key.owner(scheme: network.scheme)
        } catch {
            throw .malformed(error)
        }
        return VerifiedIdentity(
            network: network.name, networkIndex: index, owner: owner, message: key.message,
            tag: tags.tag(network: index, owner: owner, message: key.message))
    }

    /// Ends a request that was granted for ``Use/request``.
    public func finish(_ grant: Grant) {
        guard grant.isHeld else { return }
        state.withLock { $0.gate.finish(grant.identity.owner) }
    }

    /// Takes over what a reload brings; owners whose rate it changes begin a new minute.
    ///
    /// - Parameter viewLimits: in the order of ``networks``.
    func replace(policies: OwnerPolicies, viewLimits: [ViewLimits]) {
        state.withLock { $0.gate.replace(policies: policies, viewLimits: viewLimits) }
    }

    // MARK: - The chain's side

    /// Takes over what the chain says, all of it before the next request is judged.
    ///
    /// - Parameter view: the new view of the network; nil while the follower is still catching up.
    func apply(_ changes: [KeyChange], on network: Int, view: NetworkView?) {
        let tagged = changes.map { (tags.tag(network: network, owner: $0.owner, message: $0.message), $0.state) }
        state.withLock { state in
            for (tag, change) in tagged { state.gate.table[tag] = change }
            if let view { state.gate.views[network] = view }
        }
    }

    // MARK: - Telling

    /// The view of each network that may be relied on, nil where it is too old; in the order of ``networks``.
    var currentViews: [NetworkView?] {
        let (now, seconds) = (clock.now, clock.unixSeconds)
        return state.withLock { state in
            networks.indices.map { state.gate.currentView($0, now: now, unixSeconds: seconds) }
        }
    }

    /// What was decided so far.
    var tally: Tally {
        let now = clock.now
        return state.withLock { state in
            Tally(
                granted: state.granted, refused: state.refused, keys: state.gate.table.count,
                viewAges: state.gate.views.map { $0.map { now.since($0.lookedAt) } }, views: state.gate.views)
        }
    }

    /// Counters and gauges of the gatekeeper.
    struct Tally: Sendable {
        let granted: Int
        let refused: [String: Int]
        let keys: Int
        let viewAges: [Duration?]
        let views: [NetworkView?]
    }
}
