"""Bundles: experiments with all that their numbers are computed from, in one file that anybody can verify.

It must not know HTTP; what verifies a bundle reads nothing but the file.
"""
