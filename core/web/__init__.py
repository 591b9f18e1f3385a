"""HTTP as the contract has it: what goes in, what comes out, and who gets so far."""
