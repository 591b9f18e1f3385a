"""The OpenAPI 3.1 document, generated from the routes and their options.

It replaces the document of Litestar: it has every status, header and limit of every route, and its
schemas come from pydantic, which also validates the bodies.
"""
