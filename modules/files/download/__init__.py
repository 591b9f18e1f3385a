"""The download of files: conditional, whole or in ranges (RFC 9110, sections 13 and 14)."""
