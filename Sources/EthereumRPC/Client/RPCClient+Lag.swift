import Synchronization

/// Endpoints that are in order, but behind the chain. Only the caller knows how far the chain had come when it was last
/// looked at, so it is the caller who says what is old.
extension RPCClient {
    /// Whether several endpoints have agreed on every answer, so that none of them need be compared with the others.
    public var isQuorate: Bool { options.quorum > 1 }

    /// Sends a read to one endpoint after the other until one gives an answer that is not behind. Endpoints that are
    /// behind come after the others for a while, longer each time.
    ///
    /// - Parameter blocksBehind: by how many blocks an answer is behind what is known of the chain; 0 if it is not.
    /// - Returns: the first answer that is not behind; where all are, that of the endpoint that was preferred.
    /// - Throws: as ``send(_:)``, where no endpoint answers.
    public func send<Response>(
        _ method: RPCMethod<Response>, blocksBehind: (Response) -> UInt64
    ) async throws(RPCError) -> Response {
        guard nodes.count > 1, !isQuorate else { return try await send(method) }
        var old: Response?
        for node in order(excluding: []) where node.closedUntil == nil {
            guard let answer = await ask(method, node) else { continue }
            let behind = blocksBehind(answer)
            node.found(behind: behind)
            if behind == 0 { return answer }
            old = old ?? answer
        }
        if let old { return old }
        // Nobody has answered: the usual way waits and tries again.
        return try await send(method)
    }

    /// The number of the head as another endpoint than the preferred one tells it, each time the next of them: one call.
    ///
    /// - Parameter height: the number of the head that the preferred one tells.
    /// - Returns: nil where there is no other, or it gives no answer.
    public func headElsewhere(than height: UInt64) async -> UInt64? {
        let others = order(excluding: []).dropFirst().filter { $0.closedUntil == nil }.sorted { $0.index < $1.index }
        guard !others.isEmpty, !isQuorate else { return nil }
        let turn = comparisons.add(1, ordering: .relaxed).oldValue
        let node = others[turn % others.count]
        guard let head = await ask(.blockNumber, node) else { return nil }
        node.found(behind: height > head ? height - head : 0)
        return head
    }

    /// One endpoint's answer; nil where it gives none of use, which is recorded with it.
    private func ask<Response>(_ method: RPCMethod<Response>, _ node: EndpointNode) async -> Response? {
        guard let results = try? await exchange([method.call], with: node), case .success(let json) = results[0] else {
            return nil
        }
        return try? method.decode(json)
    }
}
