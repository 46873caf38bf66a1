"""What is protected: items, owned by users."""
