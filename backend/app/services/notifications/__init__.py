"""Telling a webhook that experiments and comparisons have ended.

Deliveries are stored in the transaction that ends what they are about, and sent again until they are taken.
It must not hold up an experiment or make it fail, and tells nothing that a model wrote.
"""
