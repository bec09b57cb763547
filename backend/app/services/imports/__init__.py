"""What importing datasets and knowledge bases share: files line by line, published formats, versions by name.

It must not know what a dataset or a knowledge base is for.
"""
