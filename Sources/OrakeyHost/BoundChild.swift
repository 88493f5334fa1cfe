import CLinuxShims
import Glibc

/// A program that does not outlive the one that started it, not even where that is killed.
public enum BoundChild {
    /// Starts a program, found as execvp(3) does, in this process's environment; it gets SIGTERM when the calling thread
    /// ends.
    ///
    /// - Parameters:
    ///   - arguments: the program's name first, nil last.
    ///   - mask: a `sigset_t`, the signals that are blocked in it.
    /// - Returns: its id, or a negative errno.
    public static func start(_ arguments: [UnsafeMutablePointer<CChar>?], mask: UnsafeRawPointer) -> Int32 {
        orakey_spawn_bound(arguments, environ, mask, SIGTERM)
    }
}
