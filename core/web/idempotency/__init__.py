"""`Idempotency-Key`: the same request twice has one effect and one answer.

draft-ietf-httpapi-idempotency-key-header; the contract says what is kept, and for whom.
"""
