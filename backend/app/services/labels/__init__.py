"""People's labels of answers: what to look at next, who agrees with whom, and what the labels correct.

It must not change runs or their scores: a label stands beside them.
"""
