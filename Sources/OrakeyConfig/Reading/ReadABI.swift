/// Reads `abi:` of a network. Whether the names are in the file is checked when the ABI is loaded.
enum ReadABI {
    static func read(_ value: Value) -> ABISection? {
        guard var reader = value.mapping() else { return nil }
        let file = reader.required("file", "the contract's ABI in JSON")?.filePath()
        let create = reader.required("create", "the function that creates a key")?.text()
        let createMany = reader.optional("create_many")?.text()
        let disable = reader.required("disable", "the function that disables a key")?.text()
        let disableMany = reader.optional("disable_many")?.text()
        let status = reader.required("status", "the view that says whether a key is active")?.text()
        let events = events(reader.required("events", "the names of the events, { created: ..., disabled: ... }"))
        reader.finish()
        guard let file, let create, let disable, let status, let events else { return nil }
        return ABISection(
            file: file, create: create, createMany: createMany, disable: disable, disableMany: disableMany,
            status: status, createdEvent: events.created, disabledEvent: events.disabled)
    }

    private static func events(_ value: Value?) -> (created: String, disabled: String)? {
        guard let value, var reader = value.mapping() else { return nil }
        let created = reader.required("created", "the event of a created key")?.text()
        let disabled = reader.required("disabled", "the event of a disabled key")?.text()
        reader.finish()
        guard let created, let disabled else { return nil }
        return (created, disabled)
    }
}
