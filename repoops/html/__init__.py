"""Sessions, verification history, claims and the code map as one page that needs nothing but itself."""
