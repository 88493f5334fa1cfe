/// The Prometheus text exposition format, version 0.0.4.
package struct MetricsText {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    package enum Kind: String { case counter, gauge }

    package struct Sample {
        let labels: [(String, String)]
        let value: String

        package init(_ labels: [(String, String)] = [], _ value: some CustomStringConvertible) {
            self.labels = labels
            self.value = value.description
        }

        package init(_ labels: [(String, String)] = [], _ isSo: Bool) { self.init(labels, isSo ? 1 : 0) }
    }

    package private(set) var text = ""

    package init() {}

    /// One family: its help and type, then its samples. A family without samples is left out.
    package mutating func family(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
        guard !samples.isEmpty else { return }
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
        for sample in samples {
            let labels = sample.labels.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",")
            text += labels.isEmpty ? "\(name) \(sample.value)\n" : "\(name){\(labels)} \(sample.value)\n"
        }
    }

    /// A family of one sample.
    package mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: (some CustomStringConvertible)?)
    {
        family(name, kind, help, value.map { [Sample([], $0)] } ?? [])
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
