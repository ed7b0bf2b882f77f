"""What a host is: its facts as plain data, and how each is asked for over SSH."""
