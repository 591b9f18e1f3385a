"""The HTTP layer: requests, responses, errors, access and the OpenAPI document."""
