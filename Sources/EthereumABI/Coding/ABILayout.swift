/// A type prepared for coding: sizes are computed once, and walking it costs no allocation.
final class ABILayout: Sendable {
    /// The kinds of one-word values.
    enum WordKind: Sendable {
        case uint(bits: Int)
        case int(bits: Int)
        case address
        case bool
        case fixedBytes(count: Int)
        case function
        case fixed(bits: Int)
        case ufixed(bits: Int)
    }

    enum Shape: Sendable {
        case word(WordKind)
        case bytes
        case string
        case array(ABILayout)
        case fixedArray(ABILayout, count: Int)
        case tuple([ABILayout])
    }

    /// Most values without any bytes (`()`, `T[0]`) that one type or one decoding may hold: they cost the sender nothing.
    static let maximumZeroSizeValues = 65_536

    let shape: Shape
    /// The type this was made from, for messages.
    let type: ABIType
    /// Names of a tuple's members; empty otherwise.
    let members: [ABIParameter]
    let isDynamic: Bool
    /// Bytes in the head of the enclosing tuple: 32 for a dynamic value, all bytes of a static one.
    let headSize: Int
    /// Bytes in front of the tails: of all members or elements of a tuple or fixed array, 0 otherwise.
    let innerHeadSize: Int
    /// How many values without bytes one static value holds.
    let zeroSizeValues: Int

    /// - Throws: ``ABIError`` with code `invalidType` for wrong widths, depth or size.
    init(_ type: ABIType, depth: Int = 0) throws(ABIError) {
        guard depth <= ABIType.maximumDepth else { throw SignatureScanner.tooDeep }
        try type.checkWidths()
        self.type = type
        var innerHead = 0
        var zeros = 0
        var names: [ABIParameter] = []
        switch type {
        case .uint(let bits): shape = .word(.uint(bits: bits))
        case .int(let bits): shape = .word(.int(bits: bits))
        case .address: shape = .word(.address)
        case .bool: shape = .word(.bool)
        case .fixedBytes(let count): shape = .word(.fixedBytes(count: count))
        case .function: shape = .word(.function)
        case .fixed(let bits, _): shape = .word(.fixed(bits: bits))
        case .ufixed(let bits, _): shape = .word(.ufixed(bits: bits))
        case .bytes: shape = .bytes
        case .string: shape = .string
        case .array(let element): shape = .array(try ABILayout(element, depth: depth + 1))
        case .fixedArray(let element, let count):
            let layout = try ABILayout(element, depth: depth + 1)
            shape = .fixedArray(layout, count: count)
            innerHead = try ABILayout.product(layout.headSize, count)
            zeros = try ABILayout.product(layout.zeroSizeValues, count)
        case .tuple(let list):
            names = list
            var layouts: [ABILayout] = []
            for member in list {
                let layout = try ABILayout(member.type, depth: depth + 1)
                layouts.append(layout)
                innerHead = try ABILayout.sum(innerHead, layout.headSize)
                zeros = try ABILayout.sum(zeros, layout.zeroSizeValues)
            }
            shape = .tuple(layouts)
        }
        let isDynamic = type.isDynamic
        let isWord: Bool
        if case .word = shape { isWord = true } else { isWord = false }
        if !isDynamic, !isWord, innerHead == 0 { zeros = try ABILayout.sum(zeros, 1) }
        guard zeros <= ABILayout.maximumZeroSizeValues else { throw ABILayout.tooLarge }
        members = names
        self.isDynamic = isDynamic
        innerHeadSize = innerHead
        headSize = isDynamic || isWord ? 32 : innerHead
        zeroSizeValues = isDynamic ? 0 : zeros
    }

    /// The layout of a parameter list: a tuple at the outermost level. Errors call its members by number, as in
    /// `args[1]`, unless `named`.
    convenience init(parameters: [ABIParameter], named: Bool) throws(ABIError) {
        try self.init(.tuple(named ? parameters : parameters.map { ABIParameter(type: $0.type) }))
    }

    /// Element or member `index` of a container.
    func place(_ index: Int) -> String { members.isEmpty ? "[\(index)]" : members.place(index) }

    private static let tooLarge = ABIError(.invalidType, "the type is larger than any data can be")

    private static func product(_ left: Int, _ right: Int) throws(ABIError) -> Int {
        let (result, overflow) = left.multipliedReportingOverflow(by: right)
        guard !overflow, result <= Int.max / 64 else { throw tooLarge }
        return result
    }

    private static func sum(_ left: Int, _ right: Int) throws(ABIError) -> Int {
        let (result, overflow) = left.addingReportingOverflow(right)
        guard !overflow, result <= Int.max / 64 else { throw tooLarge }
        return result
    }
}
