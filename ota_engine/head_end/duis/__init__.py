"""The door for Service Users: DUIS over HTTP in, answers and documents out."""
