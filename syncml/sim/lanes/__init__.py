"""Many scenarios at once: step code over lanes, and what runs it."""
