"""RQ entry points: ids in, own session, one service call."""
