import CLinuxShims
import Glibc

/// sd_notify(3) in the few lines it takes: tells the service manager that the sockets are served.
public enum SystemdNotification {
    /// The service is ready.
    public static func ready() {
        guard let path = getenv("NOTIFY_SOCKET").map({ String(cString: $0) }), path.hasPrefix("/") else { return }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        guard orakey_connect_unix(descriptor, path) == 0 else { return }
        let message = "READY=1"
        _ = message.withCString { send(descriptor, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
    }
}
