public import OrakeyKey

/// Something that has happened, and is durable by the time it is told.
public enum AgentEvent: Sendable {
    case key(KeyRecord)
    case intent(Intent)
    case alarm(NetworkName, Alarm)
    case alarmOver(NetworkName, Alarm.Code)
    case locked
    case unlocked
}
