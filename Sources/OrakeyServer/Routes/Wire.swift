import EthereumCore
import OrakeyAPI
import OrakeyConfig
import OrakeyContract
import OrakeyCore
import OrakeyKey
import StrictJSON

/// From the domain to the wire. Nothing else knows both.
enum Wire {
    static func error(_ error: AgentError) -> ErrorBody {
        let code: ErrorCode =
            switch error.code {
            case .locked: .locked
            case .unknownNetwork: .unknownNetwork
            case .unknownConsumer: .unknownConsumer
            case .unknownKey: .unknownKey
            case .unknownIntent: .unknownIntent
            case .malformedKey: .malformedKey
            case .badRequest: .badRequest
            case .ambiguous: .ambiguous
            case .conflict: .conflict
            case .idempotencyConflict: .idempotencyConflict
            case .noContract: .noContract
            case .wrongPassphrase: .wrongPassphrase
            case .rateLimited: .rateLimited
            case .journalFailed: .journalUnavailable
            case .ownerUnknown: .locked
            }
        return ErrorBody(code, error.description, hint: error.hint)
    }

    static func details(_ handout: Handout) -> KeyDetails {
        KeyDetails(
            network: handout.network.description, owner: handout.owner.description, message: handout.message.hex,
            fingerprint: handout.fingerprint.description, consumer: handout.consumer, generation: handout.generation,
            createdBlock: handout.createdBlock, notAfter: handout.notAfter.map { seconds($0) })
    }

    static func accepted(_ accepted: KeyAgent.Accepted) -> Accepted {
        Accepted(intents: accepted.intents.map { UInt64($0) }, fingerprints: accepted.fingerprints)
    }

    static func key(_ key: KeyRecord) -> KeyInfo {
        KeyInfo(
            fingerprint: key.fingerprint?.description, network: key.network.description, owner: key.owner.description,
            message: key.message.hex, consumer: key.consumer, state: state(key.state), generation: key.generation,
            createdBlock: key.createdBlock, createdTransaction: key.createdTransaction?.hex,
            disabledBlock: key.disabledBlock, disabledTransaction: key.disabledTransaction?.hex, reason: key.reason)
    }

    private static func state(_ state: OrakeyCore.KeyState) -> OrakeyAPI.KeyState {
        switch state {
        case .pending: .pending
        case .pooled: .pooled
        case .current: .current
        case .retiring: .retiring
        case .disabling: .disabling
        case .disabled: .disabled
        case .orphaned: .orphaned
        case .foreign: .foreign
        case .recovered: .recovered
        }
    }

    static func keyState(_ text: String) -> OrakeyCore.KeyState? { OrakeyCore.KeyState(rawValue: text) }

    static func intent(_ intent: OrakeyCore.Intent, _ slot: TransactionSlot?) -> OrakeyAPI.Intent {
        let kind: IntentKind =
            switch intent.kind {
            case .create: .create
            case .disable: .disable
            case .setRevoker: .setRevoker
            case .deploy: .deploy
            }
        let state: IntentState =
            switch intent.state {
            case .planned: .planned
            case .signed: .signed
            case .broadcast: .broadcast
            case .mined: .mined
            case .confirmed: .confirmed
            case .failed: .failed
            case .cancelled: .cancelled
            }
        return OrakeyAPI.Intent(
            id: UInt64(intent.id), kind: kind, network: intent.network.description, state: state, nonce: intent.nonce,
            attempts: slot?.attempts.map(attempt) ?? [], block: intent.block, messages: intent.messages.map(\.hex),
            error: intent.error)
    }

    private static func attempt(_ attempt: OrakeyCore.Attempt) -> OrakeyAPI.Attempt {
        OrakeyAPI.Attempt(
            hash: attempt.hash.hex, maxFee: attempt.fees.ceiling.description, tip: attempt.fees.tip.description,
            sentAt: attempt.sentAt.map { seconds($0) })
    }

    static func status(
        version: String, startedAt: Timestamp, now: Timestamp, isLocked: Bool, revoker: Address?,
        networks: [KeyAgent.NetworkStatus], dormant: [String], consumers: [KeyAgent.ConsumerStatus]
    ) -> Status {
        Status(
            version: version, uptimeSeconds: UInt64(max(0, now.seconds(since: startedAt))),
            state: isLocked ? .locked : .unlocked, revoker: revoker?.description,
            networks: networks.map { network($0, now: now) } + dormant.map(asleep),
            consumers: consumers.map {
                OrakeyAPI.ConsumerStatus(
                    name: $0.name, network: $0.network.description,
                    generation: $0.generation == 0 ? nil : $0.generation,
                    fingerprint: $0.fingerprint?.description)
            })
    }

    private static func network(_ status: KeyAgent.NetworkStatus, now: Timestamp) -> OrakeyAPI.NetworkStatus {
        OrakeyAPI.NetworkStatus(
            network: status.profile.name.description, chainID: status.profile.chainID,
            contract: status.profile.contract.address.description,
            owner: status.isOwnerKnown ? status.profile.owner.description : nil, head: status.view?.head.number,
            headAgeSeconds: status.view.map {
                UInt64(max(0, now.milliseconds / 1000 - Int64(clamping: $0.head.timestamp)))
            },
            lagBlocks: status.view.map { $0.head.number - min($0.settled, $0.head.number) },
            balance: status.balance?.description,
            pool: PoolStatus(ready: status.poolReady, target: status.profile.poolTarget, pending: status.poolPending),
            pendingIntents: status.pendingIntents,
            alarms: status.alarms.map { alarm in
                OrakeyAPI.Alarm(code: alarm.code.rawValue, message: alarm.message, since: seconds(alarm.since))
            },
            endpoints: status.endpoints.map { EndpointStatus(url: $0.url, healthy: $0.isHealthy, error: $0.error) })
    }

    private static func asleep(_ name: String) -> OrakeyAPI.NetworkStatus {
        OrakeyAPI.NetworkStatus(
            network: name, chainID: nil, contract: nil, owner: nil, head: nil, headAgeSeconds: nil, lagBlocks: nil,
            balance: nil, pool: PoolStatus(ready: 0, target: 0, pending: 0), pendingIntents: 0,
            alarms: [
                OrakeyAPI.Alarm(
                    code: "no_contract", message: "no contract is configured; run orakey contract deploy", since: nil)
            ], endpoints: [])
    }

    /// An event of `GET /v1/events`: its name and its data.
    static func event(_ event: AgentEvent) -> (name: String, json: JSON) {
        switch event {
        case .key(let key): ("key", self.key(key).json)
        case .intent(let intent): ("intent", self.intent(intent, nil).json)
        case .alarm(let network, let alarm):
            (
                "alarm",
                [
                    "network": .string(network.description), "code": .string(alarm.code.rawValue),
                    "message": .string(alarm.message), "since": .integer(seconds(alarm.since)),
                ]
            )
        case .alarmOver(let network, let code):
            ("alarm_over", ["network": .string(network.description), "code": .string(code.rawValue)])
        case .locked: ("locked", [:])
        case .unlocked: ("unlocked", [:])
        }
    }

    static func auditRecord(_ entry: AuditEntry) throws -> AuditRecord {
        guard
            let record = AuditRecord(
                sequence: UInt64(entry.sequence), code: entry.code.hex, isSealed: entry.epoch != nil, body: entry.body)
        else {
            throw Refusal(
                .internalError, "record \(entry.sequence) of the audit can't be read", hint: "orakey audit verify")
        }
        return record
    }

    private static func seconds(_ time: Timestamp) -> UInt64 { UInt64(max(0, time.milliseconds / 1000)) }
}
