"""Plain values that routes and services share; it knows neither HTTP nor tables."""
