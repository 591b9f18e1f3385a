"""The application for any ASGI server: `uvicorn core.asgi:app`."""

from core.app import create_app

app = create_app()
