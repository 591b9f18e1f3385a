"""How bytes leave: whole or in ranges, only when the client has not got them (RFC 9110, 13, 14)."""
