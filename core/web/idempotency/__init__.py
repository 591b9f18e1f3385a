"""`Idempotency-Key`: a repeated request has one effect and gets the same response.

See draft-ietf-httpapi-idempotency-key-header and `docs/idempotency.md`.
"""
