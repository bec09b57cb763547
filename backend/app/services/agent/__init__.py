"""The ReAct agent: prompts, parsing of replies, tools and the loop; without web and database."""
