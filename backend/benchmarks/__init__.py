"""What is measured, and how: each module runs by itself and prints what it found."""
