import EthereumCore

extension RevocationProof {
    /// Checks every link of the proof, offline.
    ///
    /// - Parameter expecting: What is known from elsewhere; see ``RevocationExpectation``.
    /// - Returns: What has been proven, and what a proof of this kind cannot prove.
    /// - Throws: ``ProofError``; its code names the broken link.
    public func verify(expecting: RevocationExpectation = .init()) throws(ProofError) -> RevocationReport {
        try expecting.check(self)
        let header = try verifiedHeader()
        try verifyReceipt(header)
        return RevocationReport(self, timestamp: header.timestamp, expectation: expecting)
    }

    private func verifiedHeader() throws(ProofError) -> BlockHeader {
        guard Keccak256.hash(blockHeader) == blockHash else {
            throw ProofError(.wrongHeader, "the header does not hash to \(blockHash)")
        }
        let header = try BlockHeader(decoding: blockHeader)
        guard header.number == blockNumber else {
            throw ProofError(.wrongHeader, "the header is of block \(header.number), not \(blockNumber)")
        }
        guard header.receiptsRoot == receiptsRoot else {
            throw ProofError(
                .wrongHeader, "the header names the receipts root \(header.receiptsRoot), not \(receiptsRoot)")
        }
        return header
    }

    private func verifyReceipt(_ header: BlockHeader) throws(ProofError) {
        let key = MerklePatriciaTrie.key(of: transactionIndex)
        guard try TrieProof.value(of: key, root: receiptsRoot, nodes: receiptNodes) == receipt else {
            throw ProofError(.wrongReceipt, "the trie holds another receipt for transaction \(transactionIndex)")
        }
        let receipt = try ConsensusReceipt(decoding: receipt)
        switch receipt.outcome {
        case .status(true): break
        case .status(false): throw ProofError(.notSuccessful, "the transaction failed")
        case .stateRoot: throw ProofError(.notSuccessful, "the receipt does not tell whether the transaction succeeded")
        }
        guard receipt.hasRightBloom, header.logsBloom.covers(receipt.logsBloom) else {
            throw ProofError(.wrongBloom, "the bloom filter of receipt or block does not belong to the logs")
        }
        guard receipt.logs.indices.contains(logIndex) else {
            throw ProofError(.noEvent, "the receipt has \(receipt.logs.count) logs, none at \(logIndex)")
        }
        guard event.isIn(receipt.logs[logIndex], contract: contract, owner: owner, message: message) else {
            throw ProofError(
                .noEvent, "log \(logIndex) is not \(event.signature) of the contract for this owner and message")
        }
    }
}
