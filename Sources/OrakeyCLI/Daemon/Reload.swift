import ArgumentParser
import OrakeyAPI
import OrakeyClient

/// `orakey reload`.
struct Reload: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Have orakeyd read its configuration anew: all of it, or nothing where there is a problem.",
        discussion: "As SIGHUP, with the answer: exit code 78 and the reason when orakeyd goes on as it was.")

    func run() throws {
        do throws(ClientError) {
            try ControlClient().reload()
        } catch {
            guard error.code == .conflict else { throw error }
            throw Failure(.configuration, "\(error)")
        }
        say("configuration reloaded")
    }
}
