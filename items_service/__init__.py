"""The protected service of the demo: items, each owned by a user. People copy it to make their own."""
