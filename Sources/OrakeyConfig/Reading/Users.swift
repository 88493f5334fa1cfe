extension Value {
    /// A numeric user id or the name of a user.
    func user() -> UInt32? { account("user", context.users.userID) }

    /// A numeric group id or the name of a group.
    func group() -> UInt32? { account("group", context.users.groupID) }

    private func account(_ sort: String, _ look: (String) -> UInt32?) -> UInt32? {
        guard let text = text() else { return nil }
        if text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) {
            // The highest number is what system calls use for "none". With a zero before it, a number is octal to some.
            guard let number = UInt32(text), number < UInt32.max, text == String(number) else {
                report(.invalid, "\(ReadingContext.quote(text)) is not a \(sort) id")
                return nil
            }
            return number
        }
        guard let number = look(text) else {
            report(.invalid, "this host has no \(sort) \(ReadingContext.quote(text))")
            return nil
        }
        return number
    }
}
