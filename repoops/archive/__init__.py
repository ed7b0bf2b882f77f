"""Which files of a root are session logs, who names them, and how they move without breaking a link."""
