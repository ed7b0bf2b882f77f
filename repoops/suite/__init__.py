"""What a kernel author writes and pytest runs."""
