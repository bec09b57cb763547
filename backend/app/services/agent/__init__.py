"""The ReAct agent: a model that thinks, uses tools, and reads what they give. Pure of web and database."""
