"""What changed between two versions of the contract, and what that means for those who rely on it."""
