"""HTTP only: parse, one service call, return."""
