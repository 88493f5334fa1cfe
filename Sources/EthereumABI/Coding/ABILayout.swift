/// A type prepared for coding: a table of nodes with all sizes, so that walking it costs neither allocation nor
/// reference counting. Node 0 is the whole type; the members of a tuple stand side by side.
struct ABILayout: Sendable {
    enum Kind: UInt8, Sendable {
        case uint, int, address, bool, fixedBytes, function, fixed, ufixed
        case bytes, string, array, fixedArray, tuple

        /// Whether a value is one 32-byte word.
        var isWord: Bool { rawValue <= Kind.ufixed.rawValue }
    }

    struct Node: BitwiseCopyable, Sendable {
        var kind: Kind
        var isDynamic: Bool
        /// Bits of a number, bytes of a fixed byte string, elements of a fixed array, members of a tuple.
        var count: Int
        /// The element of an array, the first member of a tuple.
        var child = 0
        /// Bytes in the head of the enclosing tuple: 32 for a dynamic value, all bytes of a static one.
        var headSize = 32
        /// Bytes in front of the tails: of all members or elements of a tuple or fixed array, 0 otherwise.
        var innerHeadSize = 0
        /// How many values without bytes (`()`, `T[0]`) one static value holds.
        var zeroSizeValues = 0
        /// The bits of a word that are not padding.
        var mask = ~Word.zero
    }

    /// Most values without any bytes that one type or one decoding may hold: they cost the sender nothing.
    static let maximumZeroSizeValues = 65_536

    private(set) var nodes: [Node] = []
    /// The type of each node, for messages.
    private(set) var types: [ABIType] = []
    /// The name of each node within its tuple, for messages.
    private(set) var names: [String] = []

    /// - Throws: ``ABIError`` with code `invalidType` for wrong widths, depth or size.
    init(_ type: ABIType) throws(ABIError) {
        reserve([ABIParameter(type: type)])
        try fill(0, depth: 0)
    }

    /// The layout of a parameter list: a tuple at the outermost level. Errors call its members by number, as in
    /// `args[1]`, unless `named`.
    init(parameters: [ABIParameter], named: Bool) throws(ABIError) {
        try self.init(.tuple(named ? parameters : parameters.map { ABIParameter(type: $0.type) }))
    }

    var root: Node { nodes[0] }

    /// Element or member `index` of the container at node `parent`.
    func place(_ index: Int, in parent: Int) -> String {
        guard nodes[parent].kind == .tuple else { return "[\(index)]" }
        let name = names[nodes[parent].child + index]
        return name.isEmpty ? "[\(index)]" : escapedForPeople(name)
    }

    // MARK: building

    /// Makes room for siblings; returns the index of the first.
    @discardableResult
    private mutating func reserve(_ siblings: [ABIParameter]) -> Int {
        let first = nodes.count
        for sibling in siblings {
            nodes.append(Node(kind: .tuple, isDynamic: false, count: 0))
            types.append(sibling.type)
            names.append(sibling.name)
        }
        return first
    }

    private mutating func fill(_ index: Int, depth: Int) throws(ABIError) {
        guard depth <= ABIType.maximumDepth else { throw SignatureScanner.tooDeep }
        let type = types[index]
        try type.checkWidths()
        switch type {
        case .uint(let bits): setWord(index, .uint, bits, mask: .lowMask(bits: bits))
        case .int(let bits): setWord(index, .int, bits, mask: .lowMask(bits: bits))
        case .address: setWord(index, .address, 20, mask: .lowMask(bits: 160))
        case .bool: setWord(index, .bool, 1, mask: .lowMask(bits: 1))
        case .fixedBytes(let count): setWord(index, .fixedBytes, count, mask: ~.lowMask(bits: 256 - 8 * count))
        case .function: setWord(index, .function, 24, mask: ~.lowMask(bits: 64))
        case .fixed(let bits, _): setWord(index, .fixed, bits, mask: .lowMask(bits: bits))
        case .ufixed(let bits, _): setWord(index, .ufixed, bits, mask: .lowMask(bits: bits))
        case .bytes: nodes[index] = Node(kind: .bytes, isDynamic: true, count: 0)
        case .string: nodes[index] = Node(kind: .string, isDynamic: true, count: 0)
        case .array(let element):
            let child = reserve([ABIParameter(type: element)])
            try fill(child, depth: depth + 1)
            nodes[index] = Node(kind: .array, isDynamic: true, count: 0, child: child)
        case .fixedArray(let element, let count):
            let child = reserve([ABIParameter(type: element)])
            try fill(child, depth: depth + 1)
            let inner = nodes[child]
            try setContainer(
                index, .fixedArray, count: count, child: child, isDynamic: inner.isDynamic,
                size: ABILayout.product(inner.headSize, count), zeros: ABILayout.product(inner.zeroSizeValues, count))
        case .tuple(let members):
            let child = reserve(members)
            var size = 0
            var zeros = 0
            var isDynamic = false
            for member in child..<child + members.count {
                try fill(member, depth: depth + 1)
                size = try ABILayout.sum(size, nodes[member].headSize)
                zeros = try ABILayout.sum(zeros, nodes[member].zeroSizeValues)
                isDynamic = isDynamic || nodes[member].isDynamic
            }
            try setContainer(
                index, .tuple, count: members.count, child: child, isDynamic: isDynamic, size: size, zeros: zeros)
        }
    }

    private mutating func setWord(_ index: Int, _ kind: Kind, _ count: Int, mask: Word) {
        nodes[index] = Node(kind: kind, isDynamic: false, count: count, mask: mask)
    }

    private mutating func setContainer(
        _ index: Int, _ kind: Kind, count: Int, child: Int, isDynamic: Bool, size: Int, zeros: Int
    ) throws(ABIError) {
        let zeros = isDynamic || size > 0 ? zeros : try ABILayout.sum(zeros, 1)
        guard zeros <= ABILayout.maximumZeroSizeValues else { throw ABILayout.tooLarge }
        nodes[index] = Node(
            kind: kind, isDynamic: isDynamic, count: count, child: child, headSize: isDynamic ? 32 : size,
            innerHeadSize: size, zeroSizeValues: isDynamic ? 0 : zeros)
    }

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

// MARK: errors

extension ABILayout {
    @inline(never)
    func mismatch(_ value: borrowing ABIValue, _ index: Int) -> ABIError {
        ABIError(.typeMismatch, "expected \(types[index].canonical), got \(value.kind)")
    }

    @inline(never)
    func wrongCount(_ count: Int, _ index: Int) -> ABIError {
        let parts = nodes[index].kind == .tuple ? "members" : "elements"
        return ABIError(.wrongCount, "\(types[index].canonical) has \(nodes[index].count) \(parts), got \(count)")
    }

    @inline(never)
    func outOfRange(_ number: String, _ index: Int) -> ABIError {
        ABIError(.outOfRange, "\(number) does not fit in \(types[index].canonical)")
    }

    @inline(never)
    func dirtyPadding(_ index: Int, at position: Int) -> ABIError {
        if nodes[index].kind == .bool {
            return ABIError(.dirtyPadding, "the boolean at byte \(position) is neither 0 nor 1")
        }
        return ABIError(.dirtyPadding, "the padding of the \(types[index].canonical) at byte \(position) is not clean")
    }
}
