"""The browser's pages of this app."""
