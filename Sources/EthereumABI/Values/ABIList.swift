/// The elements of an array or the members of a tuple, indexed from 0.
///
/// A list is a window onto shared storage: the tuples of a decoded `(bytes32,bool)[]` are windows onto one block, so
/// that decoding does not allocate per element.
public struct ABIList: Sendable {
    @usableFromInline let storage: ArraySlice<ABIValue>

    /// A list of the given values.
    @inlinable public init(_ elements: [ABIValue]) { storage = elements[...] }

    /// A window onto shared storage.
    init(window: ArraySlice<ABIValue>) { storage = window }

    /// The values as an array (a copy where the list is a window).
    public var elements: [ABIValue] { Array(storage) }
}

extension ABIList: RandomAccessCollection {
    /// Always 0.
    @inlinable public var startIndex: Int { 0 }
    /// The number of elements.
    @inlinable public var endIndex: Int { storage.count }
    /// Element `position`, counted from 0.
    @inlinable public subscript(position: Int) -> ABIValue { storage[storage.startIndex + position] }

    /// Calls `body` with the elements where they stand, without a copy.
    @inlinable
    public func withContiguousStorageIfAvailable<R>(
        _ body: (UnsafeBufferPointer<ABIValue>) throws -> R
    ) rethrows -> R? {
        try unsafe storage.withContiguousStorageIfAvailable(body)
    }
}

extension ABIList: Hashable {
    /// Whether both have equal elements, wherever these are stored.
    public static func == (left: ABIList, right: ABIList) -> Bool { left.storage == right.storage }
    /// Hashes the elements.
    public func hash(into hasher: inout Hasher) { hasher.combine(storage) }
}

extension ABIList: ExpressibleByArrayLiteral {
    /// A list of the given values.
    public init(arrayLiteral elements: ABIValue...) { self.init(elements) }
}
