"""The HTTP server: uvicorn with limits of size and time, worker processes and reload."""
