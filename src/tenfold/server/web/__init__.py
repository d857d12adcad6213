"""The page: static files and templates."""
