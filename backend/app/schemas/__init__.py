"""Wire types: what the API takes and gives; also the form of the YAML files."""
