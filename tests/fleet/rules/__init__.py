"""The twenty rules of the source documents, a module each."""
