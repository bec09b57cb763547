"""What the platform does; each package owns one subject, and only its repository writes SQL."""
