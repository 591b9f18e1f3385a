"""The OpenAPI 3.1 document, made from what the routes say of themselves.

Ours and not Litestar's, so that it tells every status, header and limit of every route, and takes
its schemas from the library that validates the bodies.
"""
