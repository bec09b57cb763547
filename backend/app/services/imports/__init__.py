"""What imports of datasets and knowledge bases share: reading files, published formats, versions by name.

It must not know what a dataset or a knowledge base is used for.
"""
