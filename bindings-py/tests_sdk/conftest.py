from fixtures import nobody, provider, started, way

__all__ = ["nobody", "provider", "started", "way"]
