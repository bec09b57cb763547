"""What imports share: files line by line, published formats, versions by name.

It must not know what a dataset or a knowledge base is used for.
"""
