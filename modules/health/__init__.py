"""Health: liveness, readiness and metrics of the service."""
