"""The proof, room by room; the shipped emulators are its only doubles."""
