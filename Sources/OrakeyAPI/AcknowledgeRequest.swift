public import StrictJSON

/// `POST /v1/alarms/acknowledge`: an operator has taken note of what an alarm tells of.
public struct AcknowledgeRequest: Sendable, Equatable {
    /// The alarm's name, as in status and metrics.
    public var code: String
    /// Narrows it to one network.
    public var network: String?

    public init(code: String, network: String?) {
        self.code = code
        self.network = network
    }

    public init(json: JSON) throws(JSONError) {
        var reader = try JSONReader(json)
        code = try reader.string("code")
        network = try reader.optionalString("network")
        try reader.finish()
    }

    public var json: JSON {
        var object: JSONObject = ["code": .of(code)]
        object.set("network", network)
        return .object(object)
    }
}
