import OrakeyClient
import StrictJSON

/// One line of `orakey doctor`: what was looked at, how it is, and the mend.
struct Finding {
    enum State: String {
        case ok, warning, failure
    }

    let subject: String
    let state: State
    let detail: String
    let mend: String?

    static func ok(_ subject: String, _ detail: String) -> Finding {
        Finding(subject: subject, state: .ok, detail: detail, mend: nil)
    }

    static func warning(_ subject: String, _ detail: String, mend: String) -> Finding {
        Finding(subject: subject, state: .warning, detail: detail, mend: mend)
    }

    static func failure(_ subject: String, _ detail: String, mend: String) -> Finding {
        Finding(subject: subject, state: .failure, detail: detail, mend: mend)
    }

    /// What an error says about the subject.
    static func failure(_ subject: String, _ error: any Error, mend: String) -> Finding {
        .failure(subject, Failure(error).message ?? "failed", mend: mend)
    }

    var json: JSON {
        [
            "subject": .string(subject), "state": .string(state.rawValue), "detail": .string(detail),
            "mend": mend.map { .string($0) } ?? .null,
        ]
    }

    var line: String {
        let mark =
            switch state {
            case .ok: Style.output.green("ok     ")
            case .warning: Style.output.yellow("warning")
            case .failure: Style.output.red("failure")
            }
        return "\(mark)  \(subject): \(Console.printable(detail))" + (mend.map { "; \($0)" } ?? "")
    }
}
