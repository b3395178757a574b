#if DEBUG
import Glibc
import Synchronization
#endif

/// Numbered steps of a write at which a test lets the process die. Nothing in a release build.
///
/// `MAILPORTAL_CRASH_AT=n` dies at the n-th point reached after `CrashPoint.arm()`; 0 or unset never.
package enum CrashPoint {
    #if DEBUG
    private static let countdown = Mutex<Int>(-1)

    /// Starts to count; `steps` points from now the process ends as if by SIGKILL.
    package static func arm(steps: Int) { countdown.withLock { $0 = steps } }

    /// How many points remained when nothing died; for a test that wants to know how many there are.
    package static var remaining: Int { countdown.withLock { $0 } }

    package static func reached(_ name: StaticString) {
        let dies = countdown.withLock { steps -> Bool in
            guard steps > 0 else { return false }
            steps -= 1
            return steps == 0
        }
        // 86: the crash tests tell this end from a failure of the child.
        if dies { _exit(86) }
    }
    #else
    @inline(__always) package static func reached(_ name: StaticString) {}
    #endif
}
