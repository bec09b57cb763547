"""Stored runs as traces for a collector of the user's own, over OTLP/HTTP; without one it does nothing.

It must not hold up a run nor make it fail, and imports OpenTelemetry only if there is a collector to send to.
"""
