"""What stays on this machine's disk: the ledger, the downloads and the receipts."""
