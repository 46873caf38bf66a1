"""Who may ask for tokens: client registration, authentication and redirect URIs."""
