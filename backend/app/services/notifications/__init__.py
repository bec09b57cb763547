"""What a webhook is told of endings: stored in the transaction that ends something, sent until it is taken.

It must not hold up an experiment or make it fail, and tells nothing that a model wrote.
"""
