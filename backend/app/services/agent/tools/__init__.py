"""What an agent may use, one file a tool."""
