"""Links by their bytes, rewriting them, and the facts of a document; pure text."""
