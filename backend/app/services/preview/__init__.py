"""What an experiment would ask and take, before there is one: a prompt, and an estimate of calls and cost.

It must not store anything, nor call a model.
"""
