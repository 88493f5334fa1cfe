import Glibc
import OrakeyClient

/// Questions to a person, for what no option answered. Nothing secret is asked here: secrets have prompts of their own.
struct Questions {
    /// Whether there is anyone to ask.
    let isInteractive = isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1

    /// Asks until the answer fits.
    ///
    /// - Parameters:
    ///   - option: The option that would have answered, for those who cannot be asked.
    ///   - fallback: What an empty answer means.
    func ask<T>(
        _ question: String, option: String, fallback: String? = nil, _ parse: (String) throws -> T
    ) throws -> T {
        guard isInteractive else { throw Failure(.usage, "\(question) is not known; give \(option)") }
        while true {
            let offer = fallback.map { " [\($0)]" } ?? ""
            _ = Console.write(Array("\(question)\(offer): ".utf8), to: STDERR_FILENO)
            guard let line = readLine() else { throw Failure(.usage, "no answer; nothing more was changed") }
            let words = line.split(separator: " ").joined(separator: " ")
            do {
                return try parse(words.isEmpty ? fallback ?? "" : words)
            } catch {
                say("\(question): \(error)")
            }
        }
    }

    /// Yes or no.
    func confirm(_ question: String, option: String, fallback: Bool) throws -> Bool {
        try ask("\(question) (y/n)", option: option, fallback: fallback ? "y" : "n") { answer in
            switch answer {
            case "y", "Y", "yes": true
            case "n", "N", "no": false
            default: throw Failure(.usage, "answer y or n")
            }
        }
    }
}
